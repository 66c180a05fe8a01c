"""Connections in step between two directors: what one made goes on through the other."""
import json
import time

import pytest

from lab import servers
from lab.client import Client, endpoint
from lab.director import Director
from lab.host import PYTHON, wait_for
from lab.peer import ECHO_PORT
from lab.program import Program
from lab.servers import HTTP_PORT
from lab.setting import Setting
from lab.tutorial import Tutorial

FLOWS = 100_000


class Pair(Setting):
    """Two directors with the same services; the first has the virtual address, and tells the second."""

    def __init__(self, way, large=None, options=(7,), files=("version: 1\n", "version: 1\n")):
        super().__init__(f"{way}-pair")
        self.way, self.large, self.options, self.files = way, large, options, files

    def _set_up(self):
        if self.large:
            servers.start_all(self.lab, self.large[0])
        self.first, self.second = (Director(self.lab[name]) for name in ("director", "director2"))
        self.tutorials = [Tutorial(self.lab, d, self.way) for d in (self.first, self.second)]
        for director, file in zip((self.first, self.second), self.files):
            director.configure(file)
            director.start()
        self.tutorials[0].prepare()
        self.client = Client(self.lab["client"])
        if self.options is not None:
            for director, role in ((self.first, "master"), (self.second, "backup")):
                self.daemon(director, role, *self.options)

    def service(self, family=4, port=HTTP_PORT, protocol="-t", on=(0, 1)):
        for i in on:
            self.tutorials[i].service(family, port, protocol)

    def known(self, director):
        """{(client, virtual, server, state)} of the connections a director has."""
        rows = director.ipvsadm("-Lnc").stdout.splitlines()[2:]
        return {(row.split()[3], row.split()[4], row.split()[5], row.split()[2]) for row in rows}

    def daemon(self, director, role, syncid, *options):
        director.ipvsadm("--start-daemon", role, "--mcast-interface", "eth0", "--syncid", str(syncid), *options)

    def count(self, director):
        return director.ask("status")["status"]["connections"]

    def sync(self, director):
        """{counter: value} of the one daemon a director has."""
        (daemon,) = director.ask("status")["status"]["sync"]
        return {c["name"]: c["value"] for c in daemon["counters"]}

    def take_over(self):
        """The first director dies with all its interfaces, the second takes its addresses."""
        self.first.kill()
        dead, heir = self.first.host, self.second.host
        for i in range(len(dead.plan.ports)):
            dead.ip("link", "set", f"eth{i}", "down")
        self.tutorials[1].vip_on_director(4)
        if self.way == "nat":  # the servers' gateway
            heir.ip("address", "add", f"{dead.address(4, 1)}/24", "dev", "eth1")
        # What gratuitous ARP does in a cluster.
        neighbours = [self.lab["router"], *self.lab.servers]
        for host in neighbours:
            host.ip("neighbour", "flush", "all")


@pytest.mark.parametrize("way", ["nat", "dr", "tun"])
def test_a_download_survives_the_masters_death(way, large):
    with Pair(way, large) as pair:
        pair.service()
        vip = endpoint(pair.lab.vip(4), HTTP_PORT)
        with pair.client.background("download", pair.lab.vip(4), path="/large?rate=20m") as download:
            def told():
                return {row for row in pair.known(pair.second) if row[1] == vip and row[3] == "ESTABLISHED"}
            (row,) = wait_for(told, "the second director to know the download")
            assert row in pair.known(pair.first)
            assert pair.second.ipvsadm("-Ln").stdout.split(row[2])[1].split()[2:4] == ["1", "0"], "counts as active"
            pair.take_over()
            result = download.result()
            assert result["sha256"] == pair.large[1], result
        # And ends there as it would have.
        wait_for(lambda: not told(), "the download's connection to close")
        assert pair.client.http(pair.lab.vip(4), requests=20)["failed"] == 0


def test_a_persistent_client_keeps_its_server_over_the_masters_death(large):
    with Pair("nat", large) as pair:
        pair.service()
        vip = endpoint(pair.lab.vip(4), HTTP_PORT)
        for director in (pair.first, pair.second):
            director.ipvsadm("-E", "-t", vip, "-s", "rr", "-p", "600")
        before = pair.client.http(pair.lab.vip(4), requests=3)["servers"]
        assert len(before) == 1

        def templates(director):
            return {row for row in pair.known(director) if row[0].endswith(":0") and row[3] == "ASSURED"}
        wait_for(lambda: templates(pair.second), "the second director to know the template")
        assert templates(pair.first) == templates(pair.second)
        pair.take_over()
        assert pair.client.http(pair.lab.vip(4), requests=6)["servers"].keys() == before.keys()


def test_a_server_nobody_has_here_is_held_while_it_has_connections(large):
    with Pair("nat", large) as pair:
        pair.service(on=(0,))
        with pair.client.background("download", pair.lab.vip(4), path="/large?rate=20m") as download:
            wait_for(lambda: pair.known(pair.second), "the second director to know the download")
            assert pair.second.ipvsadm("-Ln").stdout.count("->") == 1, "no server in any service, only the title"
            pair.take_over()
            assert download.result()["sha256"] == pair.large[1]
        # Without the service it takes nothing new.
        assert pair.client.connect(pair.lab.vip(4)) == "ECONNREFUSED"
        # And when the service comes, the server it held is the service's.
        pair.tutorials[1].service(4)
        assert pair.client.http(pair.lab.vip(4), requests=20)["failed"] == 0


def test_a_hundred_thousand_connections_are_known_within_a_second():
    with Pair("dr") as pair:
        pair.service(port=7011, protocol="-u")
        router = pair.lab["router"]
        done = router.run(PYTHON, "-m", "lab.flows", "eth1", pair.first.host.mac(), "203.0.113.20", pair.lab.vip(4),
                          7011, FLOWS, 3, timeout=120)
        made = json.loads(done.stdout)
        wait_for(lambda: pair.count(pair.second) >= FLOWS, "the second director to know all", timeout=30, every=0.01)
        late = time.monotonic() - made["at"]
        assert pair.count(pair.first) == pair.count(pair.second) == FLOWS
        heard = pair.sync(pair.second)
        assert heard["made"] == FLOWS and heard["damaged"] == heard["no_room"] == heard["refused"] == 0, heard
        assert late < 1, f"{late:.2f} s after the last was made"


def test_daemons_are_kept_over_a_restart_and_told_what_is_there(large):
    where = (9, "--mcast-group", "224.0.0.99", "--mcast-port", "9999")
    with Pair("dr", large, options=where) as pair:
        pair.service(port=ECHO_PORT)
        listing = "master sync daemon (mcast=eth0, syncid=9, maxlen=1472, group=224.0.0.99, port=9999, ttl=1)\n"
        assert pair.first.ipvsadm("-L", "--daemon").stdout == listing
        with pair.client.hold(pair.lab.vip(4), 20) as held:
            assert held.round()["failed"] == 0
            pair.first.kill()
            pair.first.start()
            assert pair.first.ipvsadm("-L", "--daemon").stdout == listing
            # One that starts late learns of connections that exist.
            assert pair.second.stop() == 0
            pair.second.unload()
            pair.second.start()
            pair.daemon(pair.second, "backup", *where)
            pair.first.ipvsadm("--stop-daemon", "master")
            again = pair.first.ipvsadm("--stop-daemon", "master", check=False)
            assert (again.returncode, again.stderr) == (255, "No daemon is running\n")
            pair.daemon(pair.first, "master", *where)
            wait_for(lambda: len(pair.known(pair.second)) == 20, "the second director to know all 20")


@pytest.mark.parametrize("options", ["group: 224.0.0.81", "group: 'ff02::5123'", "peers: [{peer}]",
                                     "group: 224.0.0.81, syncid: 3, port: 9000, maxlen: 200, ttl: 4"])
def test_by_the_file(options, large):
    def file(role, peer):
        return ("version: 1\ndirector:\n"
                f"  sync: {{state: {role}, interface: eth0, {options.format(peer=peer)}}}\n")
    files = (file("both", "192.0.2.4"), file("backup", "192.0.2.2"))
    with Pair("dr", large, options=None, files=files) as pair:
        pair.service(port=ECHO_PORT)
        with pair.client.hold(pair.lab.vip(4), 50) as held:
            assert held.round()["failed"] == 0
            assert pair.first.ipvsadm("-L", "--daemon").stdout.count("\n") == 2
            wait_for(lambda: len(pair.known(pair.second)) == 50, "the second director to know them")
        # A file that no longer says so ends the daemon.
        pair.second.configure("version: 1\n")
        pair.second.plenum("reload")
        assert pair.second.ipvsadm("-L", "--daemon").stdout == ""


# ipvsadm's words; what each datagram then is: (syncid, most bytes, connections that fit, hop limit).
@pytest.mark.parametrize("group, port, options, expected", [
    ("224.0.0.81", 8848, (7,), (7, 1472, 40, 1)),
    ("239.1.2.3", 9848, (255, "--mcast-group", "239.1.2.3", "--mcast-port", "9848", "--mcast-ttl", "7",
                         "--sync-maxlen", "200"), (255, 200, 5, 7)),
    ("ff02::5123", 8848, (3, "--mcast-group", "ff02::5123", "--mcast-ttl", "9"), (3, 1452, 40, 9)),
])
def test_what_goes_over_the_wire(group, port, options, expected, large):
    with Pair("dr", large, options=None) as pair:
        pair.service(port=ECHO_PORT)
        with Program(pair.second.host, PYTHON, "-m", "lab.sync_listener", "eth0", group, port, 100) as listener, \
                pair.client.hold(pair.lab.vip(4), 100) as held:
            assert held.round()["failed"] == 0
            # It tells what was there before it, so that datagrams are as full as they can be.
            pair.daemon(pair.first, "master", *options)
            heard = [json.loads(line) for line in listener.lines(timeout=30)]
        syncid, most, fit, ttl = expected
        assert {(d["syncid"], d["version"], d["ttl"]) for d in heard} == {(syncid, 1, ttl)}
        assert sum(d["connections"] for d in heard) == 100
        assert all(d["bytes"] == 8 + 36 * d["connections"] <= most for d in heard)
        # One that is not full went because it had waited long enough.
        assert 5 <= max(d["connections"] for d in heard) <= fit


def test_a_backup_hears_its_own_syncid_and_one_without_hears_all(large):
    with Pair("dr", large, options=None) as pair:
        pair.service(port=ECHO_PORT)
        pair.daemon(pair.first, "master", 1)
        pair.daemon(pair.second, "backup", 2)
        with pair.client.hold(pair.lab.vip(4), 20) as held:
            assert held.round()["failed"] == 0
            wait_for(lambda: pair.sync(pair.second)["foreign"] > 0, "the other's datagrams")
            assert pair.sync(pair.second)["connections"] == 0 and not pair.known(pair.second)
            pair.second.ipvsadm("--stop-daemon", "backup")
            pair.daemon(pair.second, "backup", 0)
            pair.first.ipvsadm("--stop-daemon", "master")
            pair.daemon(pair.first, "master", 1)
            wait_for(lambda: len(pair.known(pair.second)) == 20, "the second director to know all")
            assert pair.sync(pair.second)["foreign"] == 0


def test_each_tells_the_other(large):
    with Pair("dr", large, options=None) as pair:
        pair.service(port=ECHO_PORT)
        for director, own, other in ((pair.first, 1, 2), (pair.second, 2, 1)):
            pair.daemon(director, "master", own)
            pair.daemon(director, "backup", other)
        with pair.client.hold(pair.lab.vip(4), 20) as held:
            assert held.round()["failed"] == 0
            wait_for(lambda: len(pair.known(pair.second)) == 20, "the second director to know all")
            pair.take_over()
            assert held.round()["failed"] == 0
            # The first comes back, and learns what it missed.
            pair.first.unload()
            pair.first.host.ip("link", "set", "eth0", "up")
            pair.first.configure("version: 1\ndirector:\n"
                                 "  sync: {state: backup, interface: eth0, syncid: 2}\n")
            pair.first.start()
            pair.service(port=ECHO_PORT, on=(0,))
            pair.second.ipvsadm("--stop-daemon", "master")
            pair.daemon(pair.second, "master", 2)
            wait_for(lambda: len(pair.known(pair.first)) == 20, "the first director to know all again")


def test_a_udp_flow_is_told_at_its_first_packet_where_the_threshold_says_so(large):
    tuning = "version: 1\ndirector: {tuning: {sync_threshold: [1, 50]}}\n"
    with Pair("dr", large, files=(tuning, tuning)) as pair:
        pair.service(port=ECHO_PORT, protocol="-u")
        # In the one state that the protocol has for it, or it would be refused.
        assert pair.client.udp(pair.lab.vip(4), count=3)["failed"] == 0
        wait_for(lambda: len(pair.known(pair.second)) == 3, "the second director to know the flows")
        assert pair.sync(pair.second)["refused"] == 0
