"""`plenum explain`: what it says of a packet, against where that packet then goes."""
import pytest

from lab.client import endpoint
from lab.peer import ECHO_PORT
from lab.servers import HTTP_PORT
from stage import Stage


@pytest.fixture(scope="module", params=["nat", "dr", "tun", "gue"])
def explained(request, large):
    with Stage(request.param, large) as made:
        made.standard_services()
        yield made


def explain(stage, family, source_port, port=ECHO_PORT, protocol="udp", *options):
    client = stage.lab["client"].address(family)
    return stage.director.ask("explain", endpoint(client, source_port), f"{endpoint(stage.vip(family), port)}/{protocol}",
                              *options)["explanation"]


@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("scheduler", ["rr", "wrr", "lc", "wlc"])
def test_the_server_told_is_the_one_that_answers(explained, family, scheduler):
    names = {endpoint(server.address(family), ECHO_PORT): server.name for server in explained.servers}
    explained.director.ipvsadm("-E", "-u", endpoint(explained.vip(family), ECHO_PORT), "-s", scheduler)
    first = {"rr": 700, "wrr": 720, "lc": 740, "wlc": 760}[scheduler]
    for source in range(first, first + 8):
        told = explain(explained, family, source)
        assert told["rule"].startswith(f"{scheduler}: ") and not told["connection"], told
        assert sum(c["chosen"] for c in told["candidates"]) == 1 and len(told["candidates"]) == 3, told
        got = explained.client.udp(explained.vip(family), count=1, source=source)
        assert got["servers"] == {names[told["server"]]: 1}, (told, got)
        # Now there is a connection, and it says the same.
        again = explain(explained, family, source)
        assert again["server"] == told["server"] and again["connection"].startswith("UDP on "), again
        assert "service" not in again or not again["service"], again


def test_the_way_is_told(explained):
    told = explain(explained, 4, 40000, HTTP_PORT, "tcp")
    forward, around = {"nat": ("nat", 0), "dr": ("dr", 0), "tun": ("tun ipip", 20),
                       "gue": ("tun gue:", 32)}[explained.way]
    assert told["forward"].startswith(forward), told
    assert told["mtu"] == 1500 - around, told
    assert " on eth" in told["next_hop"], told
    assert told["verdict"] == {"nat": "nat", "dr": "dr"}.get(explained.way, "tunnel"), told
    assert told["found_by"] == "its address and port", told


def test_what_goes_nowhere_is_told(explained):
    assert explain(explained, 4, 40000, HTTP_PORT, "tcp", "--later")["verdict"] == "no_syn"
    assert explain(explained, 4, 40000, 9, "tcp")["verdict"] == "not_ours"
    assert explain(explained, 4, 40000, HTTP_PORT, "tcp", "--length", "2000")["verdict"] == "too_big"
    service = endpoint(explained.vip(4), 7098)
    explained.director.ipvsadm("-A", "-t", service, "-s", "wlc")
    told = explain(explained, 4, 40000, 7098, "tcp")
    explained.director.ipvsadm("-D", "-t", service)
    assert told["verdict"] == "no_server" and told["why"] == "no server with a weight above 0", told


def test_people_read_it_from_top_to_bottom(explained):
    out = explained.director.plenum("explain", "203.0.113.200:5", f"{explained.vip(4)}:{HTTP_PORT}").stdout
    titles = [line.split()[0] for line in out.splitlines() if line and not line.startswith(" ")]
    assert titles == ["packet", "connection", "service", "scheduler", "server", "next", "verdict"], out
    wrong = explained.director.plenum("explain", "203.0.113.200", "192.0.2.10:80/tcp", check=False)
    assert wrong.returncode == 2 and "no ADDRESS:PORT: 203.0.113.200" in wrong.stderr, wrong
