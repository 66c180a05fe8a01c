"""A check that goes to the virtual address by the way that packets of clients go: it finds the server that lacks the
address while everything else of that server is well, by direct routing and by tunnels."""
import pytest

from lab.client import endpoint
from lab.host import wait_for
from lab.servers import HTTP_PORT
from stage import FAMILIES, Stage

# As the file has each way of stage.py.
FORWARD = {"dr": "dr", "tun": "tun", "gue": "tun\n    tunnel: { type: gue, port: 6080 }",
           "gre": "tun\n    tunnel: { type: gre }"}
CHECK = "{ type: tcp, to_vip: true, interval: 100ms, timeout: 300ms, fall: 2, rise: 2 }"


@pytest.fixture(scope="module", params=FORWARD)
def stage(request, large):
    with Stage(request.param, large) as made:
        yield made


def configure(stage, family, check):
    rows = ", ".join(f's{i}: {{ address: "{server.address(family)}" }}' for i, server in enumerate(stage.servers, 1))
    stage.director.configure(
        f'version: 1\nl4:\n  web:\n    listen: {{ address: "{stage.vip(family)}", port: {HTTP_PORT} }}\n'
        f"    forward: {FORWARD[stage.way]}\n    scheduler: rr\n    damping: {{ enabled: false }}\n"
        f"    check: {check}\n    servers: {{ {rows} }}\n")
    stage.director.plenum("apply")


def health(stage):
    """{server: its health}"""
    rows = stage.director.ask("health")["health"][0]["servers"]
    return {row["server"]: row["health"] for row in rows}


def probed(stage, more=1):
    """Waits until each server was asked so many times more."""
    def probes():
        return [sum(check.get("probes", 0) for check in row["checks"]) for row in health(stage).values()]

    before = probes()
    wait_for(lambda: all(now >= then + more for now, then in zip(probes(), before)), "probes")


def answers_itself(stage, server, family):
    """Whether the director gets a page from the server's own address."""
    url = f"http://{endpoint(server.address(family), HTTP_PORT)}/"
    return stage.director.host.run("curl", "-sf", "-m", "3", url, check=False).returncode == 0


@pytest.mark.parametrize("family", FAMILIES)
def test_a_server_that_lacks_the_virtual_address_is_out_while_its_own_port_answers(stage, family):
    server, vip = stage.servers[1], stage.vip(family)
    key = endpoint(server.address(family), HTTP_PORT)
    address = (f"{vip}/{32 if family == 4 else 128}", "dev", "lo")
    configure(stage, family, CHECK)
    before = stage.counters(family)[0]
    probed(stage, 3)
    assert [row["state"] for row in health(stage).values()] == ["up"] * 3, health(stage)
    assert stage.counters(family)[0] == before, "a probe is none of the service's connections"

    server.ip("address", "del", *address)
    try:
        wait_for(lambda: key not in stage.active(family), "the server to be out")
        row = health(stage)["s2"]
        assert row["state"] == "down" and row["why"] == f"no answer from {vip} within 300 ms", row
        assert "1 of 3 servers down" in stage.director.plenum("status").stdout
        assert answers_itself(stage, server, family)
        result = stage.client.http(vip, requests=20)
        assert result["failed"] == 0 and result["servers"] == {"server1": 10, "server3": 10}, result
        # A check of the server's own address finds nothing wrong, and clients do.
        configure(stage, family, "{ type: tcp, interval: 100ms, timeout: 300ms, fall: 2, rise: 2 }")
        wait_for(lambda: key in stage.active(family), "the server to be in")
        probed(stage, 3)
        assert health(stage)["s2"]["state"] == "up"
        assert stage.client.http(vip, requests=3, timeout=2)["failed"] == 1
        configure(stage, family, CHECK)
        wait_for(lambda: key not in stage.active(family), "the server to be out again")
    finally:
        server.ip("address", "add", *address, *(["nodad"] if family == 6 else []))
    wait_for(lambda: key in stage.active(family), "the server to be back")
    assert stage.client.http(vip, requests=30)["servers"] == {"server1": 10, "server2": 10, "server3": 10}


@pytest.mark.parametrize("family", FAMILIES)
def test_a_port_that_is_closed_at_the_virtual_address_alone_is_found(stage, family):
    server, vip = stage.servers[0], stage.vip(family)
    configure(stage, family, CHECK)
    probed(stage, 3)
    server.run("nft", "-f", "-", stdin=(
        f"table inet closed {{\n chain in {{\n  type filter hook input priority 0\n"
        f"  {'ip' if family == 4 else 'ip6'} daddr {vip} tcp dport {HTTP_PORT} reject with tcp reset\n }}\n}}\n"))
    try:
        wait_for(lambda: health(stage)["s1"]["state"] == "down", "the server to be down")
        assert health(stage)["s1"]["why"] == f"connect to {vip}: Connection refused"
        assert answers_itself(stage, server, family)
    finally:
        server.run("nft", "delete", "table", "inet", "closed")
    wait_for(lambda: health(stage)["s1"]["state"] == "up", "the server to be back")
