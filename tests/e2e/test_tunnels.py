"""Tunnels by GRE, and tunnels with a checksum over all that is inside, which the real servers verify."""
import json

import pytest

from lab.client import endpoint
from lab.peer import ECHO_PORT
from lab.tutorial import FORWARD
from stage import FAMILIES, Stage

WAYS = ("gre", "gre-csum", "gue-csum", "gue-remcsum")
families = pytest.mark.parametrize("family", FAMILIES)


def leave_packets_apart(lab):
    """Turns GRO off on the switch. What Linux merged it cuts to size again, and where GRE has a checksum the last
    piece of a run gets that of a full one: a server rightly drops it."""
    for link in json.loads(lab.switch("ip", "-j", "link", "show", "type", "veth").stdout):
        lab.switch("ethtool", "-K", link["ifname"], "gro", "off")


@pytest.fixture(scope="module", params=WAYS)
def tunnel(request, large):
    with Stage(request.param, large) as made:
        leave_packets_apart(made.lab)
        made.standard_services()
        yield made


def verdicts(stage):
    """What became of packets on all real servers, by the names of their program."""
    total = {}
    for server in stage.servers:
        done = server.run("plenum", "realserver", "check", "--json",
                          "--bpf-dir", stage.lab.bpffs / server.name,
                          "--state-dir", stage.lab.directory / f"{server.name}-state", check=False)
        for name, count in json.loads(done.stdout)["packets"].items():
            total[name] = total.get(name, 0) + count
    return total


@families
def test_bulk_both_ways_and_datagrams(tunnel, family):
    assert tunnel.client.upload(tunnel.vip(family), tunnel.large, timeout=60)["sha256"] == tunnel.digest
    assert tunnel.client.download(tunnel.vip(family), timeout=60)["sha256"] == tunnel.digest
    for size in (16, 1400):
        result = tunnel.client.udp(tunnel.vip(family), count=30, size=size, timeout=2)
        assert result["failed"] == 0 and len(result["servers"]) == 3, result


def test_every_packet_came_by_the_tunnel_and_its_checksum_was_right(tunnel):
    before = verdicts(tunnel)
    assert tunnel.client.udp(tunnel.vip(4), ECHO_PORT, count=30, size=100)["failed"] == 0
    after = verdicts(tunnel)
    kind = tunnel.way.split("-", maxsplit=1)[0]
    assert after[kind] - before[kind] == 30
    for wrong in ("udp_checksum", "gre_checksum", "gue_flags", "gre_unknown", "outer_malformed", "inner_malformed"):
        assert after[wrong] == 0, sorted(after.items())


@pytest.mark.parametrize("way", ["gre-csum", "gue-csum"])
@pytest.mark.parametrize("outer, inner", [(6, 4), (4, 6)])
def test_one_family_travels_inside_the_other(way, outer, inner, large):
    with Stage(way, large) as stage:
        leave_packets_apart(stage.lab)
        virtual = stage.tutorial.service(inner, 7009, weights=())
        for server in stage.servers:
            stage.tutorial.on(stage.director.host, "ipvsadm", "-a", "-t", virtual,
                              "-r", endpoint(server.address(outer), 7009), *FORWARD[way])
        assert stage.client.upload(stage.vip(inner), stage.large, timeout=60)["sha256"] == stage.digest
