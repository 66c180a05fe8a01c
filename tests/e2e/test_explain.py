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


def reload(stage, text):
    stage.director.configure(text)
    stage.director.plenum("apply")


def servers_text(stage, family):
    return "".join(f"      {s.name}: {{ address: \"{s.address(family)}\" }}\n" for s in stage.servers)


def said(stage, family, source_port, port, protocol, *options):
    """The lines of the answer by their titles; those without one belong to the title above."""
    client = stage.lab["client"].address(family)
    out = stage.director.plenum("explain", endpoint(client, source_port),
                                f"{endpoint(stage.vip(family), port)}/{protocol}", *options).stdout
    lines, title = {}, ""
    for line in out.splitlines():
        title = line[:13].strip() or title
        lines.setdefault(title, []).append(line[13:])
    return lines


@pytest.mark.parametrize("family", [4, 6])
def test_a_clients_slot_is_told(explained, family):
    vip = explained.vip(family)
    explained.director.ipvsadm("-E", "-u", endpoint(vip, ECHO_PORT), "-s", "sh", "-b", "sh-fallback,sh-port")
    names = {endpoint(s.address(family), ECHO_PORT): s.name for s in explained.servers}
    met = set()
    for source in range(45000, 45008):
        told = said(explained, family, source, ECHO_PORT, "udp")
        client = endpoint(explained.lab["client"].address(family), source)
        assert told["scheduler"][0] == "sh: the client's slot of 256", told
        assert told["scheduler"][1].startswith(f"{client} has slot "), told
        chosen = told["server"][0].split()[0]
        assert f"that of {chosen}" in told["scheduler"][1], told
        got = explained.client.udp(vip, count=1, source=source)
        assert got["servers"] == {names[chosen]: 1}, (told, got)
        met.add(chosen)
    assert len(met) > 1


@pytest.mark.parametrize("family", [4, 6])
def test_a_marks_rule_and_its_clients_template_are_told(explained, family):
    vip = explained.vip(family)
    reload(explained, f"""version: 1
director:
  marks:
    - {{ mark: 5, destination: "{vip}", protocol: tcp, ports: [{HTTP_PORT}] }}
    - {{ mark: 5, destination: "{vip}", protocol: udp, ports: [7000-7010], interface: eth0 }}
l4:
  shop:
    listen: {{ fwmark: 5, family: ipv{family} }}
    forward: {"tun" if explained.way == "gue" else explained.way}
{"    tunnel: { type: gue, port: 6080 }" if explained.way == "gue" else ""}
    scheduler: rr
    persistence: {{ timeout: 5m, netmask: 255.255.255.0, prefix: 64 }}
    servers:
""" + servers_text(explained, family))
    mark = "FWM 5" + ("" if family == 4 else " IPv6")
    told = said(explained, family, 40000, HTTP_PORT, "tcp")
    assert told["service"] == [f"{mark}, by firewall mark 5 of mark rule (tcp to {vip} port {HTTP_PORT})"], told
    assert len(told["persistence"]) == 1 and "it is made for 300 s" in told["persistence"][0], told
    assert told["persistence"][0].startswith("no template of "), told
    assert f"/{24 if family == 4 else 64} for all of {mark} yet" in told["persistence"][0], told
    chosen = told["server"][0].split()[0]
    names = {endpoint(s.address(family), HTTP_PORT): s.name for s in explained.servers}
    seen = explained.client.http(vip, requests=2)
    assert seen["failed"] == 0 and list(seen["servers"]) == [names[chosen]], (told, seen)
    # Now there is a template, for the other ports of the mark as well, and no scheduler is asked.
    told = said(explained, family, 40000, 7001, "udp", "--interface", "eth0")
    assert "in by eth0" in told["service"][0] and "scheduler" not in told, told
    assert f"for all of {mark} on " in told["persistence"][0], told
    assert told["server"][0].split()[0] == chosen.rsplit(":", 1)[0] + ":7001", told
    told = said(explained, family, 40000, 7001, "udp")
    assert told["service"] == ["no service (no firewall mark; by --interface eth0 it were mark 5); a mark of"
                                   " nftables, which is not known here, may bring it to the mark's (--mark N asks for"
                                   " that)"], told
    # Others name the service, too.
    top = explained.director.plenum("top", "--once").stdout
    assert any(line.split()[0] == "shop" for line in top.splitlines()), top
