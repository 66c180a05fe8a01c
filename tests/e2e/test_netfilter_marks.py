"""Marks of nftables and iptables, as an operator of IPVS sets them, and nothing else to do: packets go up to
netfilter as nobody's, are marked there, and what has a mark's service is balanced."""
import ipaddress
import json

import pytest

from lab.client import endpoint
from lab.host import wait_for
from lab.peer import ECHO_PORT
from lab.servers import HTTP_PORT
from lab.tutorial import FORWARD
from stage import FAMILIES, Stage
from test_fragments import sent
from test_persistence import CLIENTS, client_addresses, connections

families = pytest.mark.parametrize("family", FAMILIES)
ways = pytest.mark.parametrize("way", ["nat", "dr", "tun"])
MARK = 0xdeadbeef
OFF = "version: 1\ndirector: { nftables_marks: false }\n"


def nft(stage, text):
    stage.director.host.run("nft", "-f", "-", stdin=text)


def word(family):
    return "ip" if family == 4 else "ip6"


def mark(stage, family, what, value=MARK):
    """The operator's rule: packets of `what` to the virtual address have this mark."""
    w = word(family)
    nft(stage, f"add table {w} mangle\n"
               f"add chain {w} mangle pre {{ type filter hook prerouting priority -150; }}\n"
               f"add rule {w} mangle pre {w} daddr {stage.vip(family)} {what} meta mark set {value}\n")


def service(stage, family, *options, value=MARK):
    six = ("-6",) if family == 6 else ()
    stage.director.ipvsadm("-A", "-f", value, *six, "-s", "rr", *options)
    for server in stage.servers:
        address = server.address(family)
        stage.director.ipvsadm("-a", "-f", value, *six, "-r", address, *FORWARD[stage.way])


def tables(stage):
    """Tables of the director's own: pairs of family and name."""
    listed = json.loads(stage.director.host.run("nft", "-j", "list", "tables").stdout)["nftables"]
    return {(row["table"]["family"], row["table"]["name"]) for row in listed if "table" in row} & {
        (family, "plenum") for family in ("ip", "ip6", "netdev")}


def devices(stage):
    links = json.loads(stage.director.host.run("ip", "-j", "link").stdout)
    return sorted(link["ifname"] for link in links if link["ifname"].startswith("plenum-m"))


@ways
@families
def test_a_mark_of_nftables_holds_a_client_to_its_server_across_ports_and_protocols(way, family, large):
    with Stage(way, large) as stage:
        vip = stage.vip(family)
        mark(stage, family, f"tcp dport {{ {HTTP_PORT}, {ECHO_PORT} }}")
        mark(stage, family, f"udp dport {ECHO_PORT}")
        service(stage, family, "-p", "300")
        chosen = []
        for address in client_addresses(stage, family):
            seen = stage.client.http(vip, requests=3, bind=address)
            assert seen["failed"] == 0, seen
            more = stage.client.udp(vip, count=3, bind=address)
            assert more["failed"] == 0, more
            assert len(seen["servers"]) == 1 and set(seen["servers"]) == set(more["servers"]), (seen, more)
            chosen += seen["servers"]
        # Round robin begins with the server added last, and each client takes one turn.
        assert chosen == ["server3", "server2", "server1"] * (CLIENTS // 3)
        assert len([row for row in connections(stage) if row[0] == "IP"]) == CLIENTS
        # A connection's first packets alone come this way: its handshake's SYN, a datagram or two.
        seen = stage.director.ask("status", "--drops")
        brought = {r["name"]: r["packets"] for r in seen["reasons"]}["marked"]
        assert CLIENTS * 4 <= brought <= CLIENTS * 10, brought
        got = stage.client.download(vip, bind=client_addresses(stage, family)[0])
        assert got["sha256"] == stage.digest, got
        after = stage.director.drops()["marked"]
        assert after - brought <= 2, "packets of a known connection took the way of first ones"


def test_a_mark_of_iptables(large):
    with Stage("dr", large) as stage:
        vip = stage.vip(4)
        stage.director.host.run("iptables", "-t", "mangle", "-A", "PREROUTING", "-d", vip, "-p", "tcp", "-m",
                                "multiport", "--dports", f"{HTTP_PORT},{ECHO_PORT}", "-j", "MARK", "--set-mark", "1")
        service(stage, 4, "-p", value=1)
        assert stage.client.http(vip, requests=6)["servers"] == {"server3": 6}


@families
def test_datagrams_that_arrive_in_fragments(family, large):
    with Stage("nat", large) as stage:
        mark(stage, family, f"udp dport {ECHO_PORT}")
        service(stage, family)
        assert sent(stage, family, "shuffled") == 10
        # As they came, and not as what netfilter made of them.
        assert stage.director.drops()["fragment_refused"] == 0


@families
def test_who_has_no_server_hears_so(family, large):
    with Stage("dr", large) as stage:
        mark(stage, family, f"tcp dport {HTTP_PORT}")
        service(stage, family)
        for server in stage.servers:
            six = ("-6",) if family == 6 else ()
            address = server.address(family)
            stage.director.ipvsadm("-e", "-f", MARK, *six, "-r", address, "-g", "-w", "0")
        assert stage.client.connect(stage.vip(family)) == "ECONNREFUSED"
        assert stage.director.drops()["no_server"] > 0


def test_the_director_itself_may_be_a_server(large):
    with Stage("dr", large) as stage:
        vip, host = stage.vip(4), stage.director.host
        mark(stage, 4, f"udp dport {ECHO_PORT}")
        stage.director.ipvsadm("-A", "-f", MARK, "-s", "rr")
        stage.director.ipvsadm("-a", "-f", MARK, "-r", host.address(4), "-g")
        peer = host.popen("/usr/bin/python3", "-m", "lab.peer", "director", vip)
        try:
            wait_for(lambda: host.listens(ECHO_PORT, udp=True), "the echo to listen")
            seen = stage.client.udp(vip, count=5)
            assert seen["failed"] == 0 and seen["servers"] == {"director": 5}, seen
            rows = stage.director.ipvsadm("-Ln", "--stats", "--exact", "-f", MARK).stdout.split("\n")
            packets = [int(row.split()[3]) for row in rows if row.strip().startswith("->") and row.split()[-1].isdigit()]
            assert packets == [5], rows
        finally:
            peer.terminate()
            peer.wait()


def test_what_the_mark_has_no_service_for_is_left_to_the_host(large):
    with Stage("dr", large) as stage:
        mark(stage, 4, "tcp dport 1-65535", value=7)
        service(stage, 4)
        assert stage.client.connect(stage.vip(4)) == "ECONNREFUSED"
        assert stage.director.drops()["marked"] == 0


def test_tables_that_somebody_flushes_come_back(large):
    with Stage("nat", large) as stage:
        mark(stage, 4, f"tcp dport {HTTP_PORT}")
        service(stage, 4)
        ours = {("ip", "plenum"), ("netdev", "plenum")}
        assert tables(stage) == ours
        for _ in range(3):
            stage.director.host.run("nft", "flush", "ruleset")
            wait_for(lambda: tables(stage) == ours, "the tables to come back")
        stage.director.host.run("nft", "flush", "chain", "ip", "plenum", "bring")
        wait_for(lambda: "dup to" in stage.director.host.run("nft", "list", "table", "ip", "plenum").stdout,
                 "the rules to come back")
        stage.director.host.ip("link", "del", "plenum-m0")
        wait_for(lambda: devices(stage) == ["plenum-m0", "plenum-m1"] and tables(stage) == ours, "the devices")
        mark(stage, 4, f"tcp dport {HTTP_PORT}")

        def served():
            return stage.client.http(stage.vip(4), requests=3)["failed"] == 0

        wait_for(served, "connections to be balanced again")


def test_nothing_is_there_without_a_service_for_a_mark(large):
    with Stage("nat", large) as stage:
        assert devices(stage) == [] and tables(stage) == set()
        service(stage, 4)
        service(stage, 6)
        assert devices(stage) == ["plenum-m0", "plenum-m1"]
        assert tables(stage) == {("ip", "plenum"), ("ip6", "plenum"), ("netdev", "plenum")}
        stage.director.ipvsadm("-D", "-f", MARK)
        wait_for(lambda: tables(stage) == {("ip6", "plenum"), ("netdev", "plenum")}, "IPv4's table to go")
        stage.director.ipvsadm("-D", "-f", MARK, "-6")
        wait_for(lambda: devices(stage) == [] and tables(stage) == set(), "all of it to go")
        service(stage, 4)
        stage.director.configure(OFF)
        stage.director.plenum("apply")
        wait_for(lambda: devices(stage) == [] and tables(stage) == set(), "all of it to go where it is switched off")
        stage.director.configure("version: 1\n")
        stage.director.plenum("apply")
        assert devices(stage) == ["plenum-m0", "plenum-m1"]
        stage.director.stop()
        assert tables(stage) == {("ip", "plenum"), ("netdev", "plenum")}
        stage.director.unload()
        assert devices(stage) == [] and tables(stage) == set()


@families
def test_a_daemon_that_is_killed_is_not_missed_and_the_next_one_goes_on(family, large):
    with Stage("dr", large) as stage:
        vip = stage.vip(family)
        mark(stage, family, f"tcp dport {HTTP_PORT}")
        service(stage, family)
        # Each server has been reached: who is not known yet cannot be while no daemon runs.
        assert stage.client.http(vip, requests=6)["failed"] == 0
        index = stage.director.host.run("cat", "/sys/class/net/plenum-m1/ifindex").stdout
        stage.director.kill()
        assert stage.client.http(vip, requests=6)["failed"] == 0
        stage.director.start()
        seen = stage.client.http(vip, requests=6)
        assert seen["failed"] == 0, (seen, stage.director.drops(), stage.director.log_tail(),
                                     stage.director.host.run("nft", "list", "ruleset").stdout)
        assert stage.director.host.run("cat", "/sys/class/net/plenum-m1/ifindex").stdout == index
        stage.director.kill()
        saved = stage.director.run_dir / "lbd.state"
        saved.unlink()
        # Without the service nobody needs what the killed one left.
        stage.director.start()
        wait_for(lambda: devices(stage) == [] and tables(stage) == set(), "what the killed daemon left to go")


def test_marks_of_the_file_and_of_nftables_side_by_side(large):
    with Stage("nat", large) as stage:
        vip = stage.vip(4)
        stage.director.configure(f"version: 1\ndirector:\n  marks: [{{ mark: {MARK}, destination: {vip},"
                                 f" protocol: tcp, ports: [{HTTP_PORT}] }}]\n")
        stage.director.plenum("apply")
        mark(stage, 4, f"tcp dport {HTTP_PORT}")
        mark(stage, 4, f"udp dport {ECHO_PORT}")
        service(stage, 4, "-p", "300")
        assert stage.client.http(vip, requests=4)["servers"] == {"server3": 4}
        assert stage.director.drops()["marked"] == 0
        assert stage.client.udp(vip, count=4)["servers"] == {"server3": 4}
        assert stage.director.drops()["marked"] > 0


def test_what_stands_in_the_way_is_said_and_rules_of_the_file_hold(large):
    with Stage("nat", large) as stage:
        vip = stage.vip(4)
        stage.director.host.ip("link", "add", "plenum-m0", "type", "bridge")
        stage.director.configure(f"version: 1\ndirector:\n  marks: [{{ mark: {MARK}, destination: {vip} }}]\n")
        stage.director.plenum("apply")
        service(stage, 4)
        warnings = stage.director.ask("status")["status"]["warnings"]
        assert any("marks of nftables are not seen" in w and "plenum-m0" in w for w in warnings), warnings
        assert stage.client.http(vip, requests=3)["failed"] == 0
        # Nobody else's device is taken away.
        stage.director.ipvsadm("-C")
        stage.director.stop()
        stage.director.unload()
        assert devices(stage) == ["plenum-m0"]


def test_explain_says_what_netfilter_may_do(large):
    with Stage("dr", large) as stage:
        vip = stage.vip(4)
        client = str(ipaddress.ip_address(stage.client.host.address(4)))
        service(stage, 4)
        question = ("explain", endpoint(client, 40000), f"{endpoint(vip, HTTP_PORT)}/tcp")
        said = stage.director.plenum(*question).stdout
        assert "not_ours" in said and "a mark of nftables" in said and "--mark" in said, said
        said = stage.director.plenum(*question, "--mark", str(MARK)).stdout
        assert f"FWM {MARK}" in said and "a mark of nftables" not in said, said
