"""What plenum-lbd makes of addresses that plenum-vrrpd brings: it leaves them alone, and is ready for them."""
import pytest

from lab.host import wait_for
from lab.servers import HTTP_PORT
from stage import Stage

CONFIG = """version: 1
vips:
  web: {{ addresses: [{vip}/32], vrrp: {{ id: 51, interface: eth0 }} }}
l4:
  web:
    listen: {{ vip: web, port: {port} }}
    forward: {way}
    scheduler: rr
    servers: {{ {servers} }}
"""


@pytest.mark.parametrize("way", ["dr", "nat"])
def test_the_program_is_there_before_the_address_is(way, large):
    with Stage(way, large) as stage:
        director, host, vip = stage.director, stage.director.host, stage.vip(4)
        host.ip("address", "del", f"{vip}/32", "dev", "eth0")
        rows = ", ".join(f"s{i}: {{ address: {server.address(4)} }}" for i, server in enumerate(stage.servers, 1))
        director.configure(CONFIG.format(vip=vip, port=HTTP_PORT, way=way, servers=rows))
        director.plenum("apply")
        wait_for(lambda: "eth0" in [i["name"] for i in director.ask("status")["status"]["interfaces"]],
                 "the program on eth0")
        assert not host.holds(vip), "it is not plenum-lbd's to add"
        status = director.plenum("status").stdout
        assert "not here (plenum-vrrpd's)" in status and "MISSING" not in status, status
        # As plenum-vrrpd does on becoming master, and as it does on giving up.
        host.ip("address", "add", f"{vip}/32", "dev", "eth0")
        result = stage.client.http(vip, requests=30)
        assert result["failed"] == 0 and len(result["servers"]) == 3, result
        director.configure("version: 1\n")
        director.plenum("apply")
        assert host.holds(vip), "nor to take away"
