"""Traffic by every way of forwarding, in IPv4 and IPv6: shares, bulk both ways, datagrams, errors counted."""
import pytest

from lab.client import endpoint
from lab.peer import ECHO_PORT
from lab.tutorial import FORWARD
from stage import CLOSED_PORT, FAMILIES, Stage

families = pytest.mark.parametrize("family", FAMILIES)


@families
def test_shares_follow_the_weights_exactly(stage, family):
    result = stage.client.http(stage.vip(family), requests=300, concurrency=10)
    assert result["failed"] == 0, result
    assert result["servers"] == {"server1": 150, "server2": 100, "server3": 50}, stage.whereabouts(result)


@families
def test_bulk_to_the_client_arrives_intact(stage, family):
    got = stage.client.download(stage.vip(family), timeout=60)
    assert got["sha256"] == stage.digest, got


@families
def test_bulk_to_the_server_arrives_intact(stage, family):
    got = stage.client.upload(stage.vip(family), stage.large, timeout=60)
    assert got["sha256"] == stage.digest, got


@families
@pytest.mark.parametrize("size", [16, 64, 1400])
def test_datagrams_are_answered(stage, family, size):
    result = stage.client.udp(stage.vip(family), count=60, size=size, timeout=2)
    assert result["failed"] == 0, result
    assert len(result["servers"]) == 3, result


@families
def test_a_closed_port_of_a_server_refuses_tcp(stage, family):
    assert stage.client.connect(stage.vip(family), CLOSED_PORT) == "ECONNREFUSED"


@families
def test_counters_of_datagrams_are_exact(stage, family):
    header, count, size = (28 if family == 4 else 48), 30, 100
    before, _ = stage.counters(family, ECHO_PORT, "-u")
    # From ports below those that the kernel picks: each is a new connection.
    assert stage.client.udp(stage.vip(family), count=count, size=size, source=600)["failed"] == 0
    after, servers = stage.counters(family, ECHO_PORT, "-u")
    got = {name: after[name] - before[name] for name in after}
    assert (got["conns"], got["in_packets"], got["in_bytes"]) == (count, count, count * (size + header)), got
    # Only NAT sees the answers, which are as long.
    answers = count if stage.way == "nat" else 0
    assert (got["out_packets"], got["out_bytes"]) == (answers, answers * (size + header)), got
    assert sum(row["conns"] for row in servers.values()) == after["conns"]


@pytest.mark.parametrize("way", ["tun", "gue"])
@pytest.mark.parametrize("outer, inner", [(6, 4), (4, 6)])
def test_one_family_travels_inside_the_other(way, outer, inner, large):
    with Stage(way, large) as stage:
        virtual = stage.tutorial.service(inner, weights=())
        for server in stage.servers:
            stage.tutorial.on(stage.director.host, "ipvsadm", "-a", "-t", virtual,
                              "-r", endpoint(server.address(outer), 80), *FORWARD[way])
        result = stage.client.http(stage.vip(inner), requests=60, concurrency=4)
        assert result["failed"] == 0 and len(result["servers"]) == 3, result
        assert stage.client.download(stage.vip(inner), timeout=60)["sha256"] == stage.digest
