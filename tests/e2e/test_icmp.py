"""ICMP errors reach who they are for, and paths with a smaller MTU carry large transfers."""
import pytest

from lab.host import wait_for
from lab.peer import ECHO_PORT
from stage import CLOSED_PORT, FAMILIES, Stage

families = pytest.mark.parametrize("family", FAMILIES)
# What a tunnel adds to a packet beside its outer IP header: UDP and GUE, or GRE.
OVERHEAD = {(way, family): (20 if family == 4 else 40) + more for family in FAMILIES
            for way, more in (("tun", 0), ("gue", 12), ("gue-remcsum", 12), ("gre", 4), ("gre-csum", 8))}


@families
def test_port_unreachable_comes_from_the_virtual_address(stage, family):
    got = stage.client.refused(stage.vip(family), CLOSED_PORT, timeout=3)
    assert got["error"] == "ECONNREFUSED", got
    assert got["icmp"]["from"] == stage.vip(family), got
    assert (got["icmp"]["type"], got["icmp"]["code"]) == ((3, 3) if family == 4 else (1, 4))


@families
def test_a_service_without_servers_refuses(stage, family):
    port = 7020
    stage.tutorial.service(family, port, "-t", weights=())
    stage.tutorial.service(family, port, "-u", weights=())
    assert stage.client.connect(stage.vip(family), port) == "ECONNREFUSED"
    assert stage.client.refused(stage.vip(family), port, timeout=3)["error"] == "ECONNREFUSED"


@families
def test_a_smaller_mtu_towards_the_client_is_told_to_the_server(stage, family):
    """Servers answer from the VIP, so the router's error goes to the VIP: the director has to find
    the connection in it and pass it on to that server."""
    lab, client = stage.lab, stage.client.host.address(family)
    bits = 32 if family == 4 else 128
    lab["router"].ip("route", "add", f"{client}/{bits}", "dev", "eth0", "mtu", "1300")
    try:
        got = stage.client.download(stage.vip(family), timeout=30)
        assert got["sha256"] == stage.digest, got
        route = lab[got["server"]].ip("route", "get", client).stdout
        assert "mtu 1300" in route, route
    finally:
        lab["router"].ip("route", "del", f"{client}/{bits}", "dev", "eth0")
        for server in stage.servers:
            server.ip("route", "flush", "cache")
            server.ip("-6", "route", "flush", "cache")


@families
@pytest.mark.parametrize("way", sorted({way for way, _ in OVERHEAD}))
def test_the_tunnel_s_overhead_is_told_to_the_client(way, family, large):
    with Stage(way, large) as stage:
        stage.tutorial.service(family, ECHO_PORT, "-u")
        header = 28 if family == 4 else 48
        got = stage.client.mtu(stage.vip(family), size=1500 - header, timeout=5)
        wanted = 1500 - OVERHEAD[(way, family)]
        assert got["mtu"] == wanted, got
        assert got["answered"] == wanted - header, got
        assert got["told"] and got["told"][-1]["info"] == wanted, got


@families
def test_a_smaller_mtu_behind_nat_is_told_to_the_client(family, large):
    with Stage("nat", large) as stage:
        stage.tutorial.service(family, ECHO_PORT, "-u")
        stage.lab.set_mtu("director", "eth1", 1400)
        header = 28 if family == 4 else 48

        def learned():
            got = stage.client.mtu(stage.vip(family), size=1500 - header, timeout=2)
            return got["mtu"] == 1400 and got["answered"] == 1400 - header and got
        # The director follows the change of its interface on its own.
        assert wait_for(learned, "the client to learn the MTU", timeout=15)


@families
@pytest.mark.parametrize("way", ["tun", "gue", "gre-csum"])
def test_a_smaller_mtu_inside_the_tunnel_s_path_does_not_stop_an_upload(way, family, large):
    """The transit link to the servers' site is smaller: its error names the tunnel's packet, and
    comes to the director."""
    with Stage(way, large) as stage:
        stage.tutorial.service(family, 7009, "-t")
        for host, interface in (("router", "eth2"), ("site", "eth0")):
            stage.lab.set_mtu(host, interface, 1400)
        got = stage.client.upload(stage.vip(family), stage.large, timeout=30)
        assert got["sha256"] == stage.digest, got
