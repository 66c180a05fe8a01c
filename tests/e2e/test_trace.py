"""`plenum trace`: a real packet's verdict by name, captures, several traces at once, and the program that
tells them: there only while somebody traces, swapped without a packet lost."""
import json
import signal
import subprocess

import pytest

from lab.client import endpoint
from lab.host import wait_for
from lab.peer import ECHO_PORT
from lab.program import Program
from stage import Stage


@pytest.fixture(scope="module", params=["nat", "dr", "tun"])
def traced(request, large):
    with Stage(request.param, large) as made:
        made.standard_services()
        yield made


class Trace(Program):
    """`plenum trace --json` that runs; lines() what it said so far."""

    def __init__(self, stage, *argv):
        super().__init__(stage.director.host, "plenum", "trace", "--json", *argv, stderr=subprocess.PIPE)
        assert "counts" in json.loads(self.first)

    def packets(self, count):
        """The next `count` packets."""
        out = []
        while len(out) < count:
            line = self.line()
            assert line, self.process.stderr.read()
            line = json.loads(line)
            if "packet" in line:
                out.append(line["packet"])
        return out

    def counts(self, condition, what):
        """The first counts for which the condition holds."""
        for line in iter(self.line, ""):
            counts = json.loads(line).get("counts")
            if counts and condition(counts):
                return counts
        raise AssertionError(f"{what}: {self.process.stderr.read()}")


def program(stage, interface="eth0"):
    """The tag of the XDP program on an interface of the director: a hash of its instructions."""
    link = json.loads(stage.director.host.ip("-j", "link", "show", "dev", interface).stdout)[0]
    return link["xdp"]["prog"]["tag"]


def test_the_program_is_swapped_only_while_somebody_traces(traced):
    plain = program(traced)
    with Trace(traced, "drop"):
        tracing = program(traced)
        assert tracing != plain
        with Trace(traced, "drop"):
            assert program(traced) == tracing
        # The first one still runs.
        assert traced.client.http(traced.vip(4), requests=3)["failed"] == 0
        assert program(traced) == tracing
    wait_for(lambda: program(traced) == plain, "the program without tracing")


@pytest.mark.parametrize("family", [4, 6])
def test_a_connection_is_told_from_its_first_packet(traced, family):
    vip, way = traced.vip(family), {"nat": "nat", "dr": "dr", "tun": "tunnel"}[traced.way]
    client = traced.lab["client"].address(family)
    with Trace(traced, vip, ":80", "tcp", "forward") as trace:
        assert traced.client.http(vip, requests=1)["failed"] == 0
        first = trace.packets(1)[0]
    assert (first["verdict"], first["kind"], first["events"]) == (way, "forward", ["connection_new"]), first
    assert (first["source"], first["destination"], first["destination_port"]) == (client, vip, 80), first
    assert first["server"] in [endpoint(server.address(family), 80) for server in traced.servers], first
    assert first["interface"] == "eth0" and first["protocol"] == "tcp" and not first["bytes"], first


def test_drops_and_refusals_have_their_names(traced):
    address = traced.vip(4)
    server = traced.servers[0]
    with Trace(traced, "--source", traced.lab["client"].address(4), "drop", "reply") as trace:
        with traced.client.hold(address, 6, timeout=2) as held:
            assert held.opened["failed"] == 0
            service, real = endpoint(address, ECHO_PORT), endpoint(server.address(4), ECHO_PORT)
            rows = traced.director.ipvsadm("-Sn").stdout.splitlines()
            traced.director.ipvsadm("-d", "-t", service, "-r", real)
            assert held.round()["failed"] != 0
            dropped = trace.packets(1)[0]
            back = next(row for row in rows if row.startswith(f"-a -t {service} -r {real} ")).split()
            traced.director.ipvsadm(*back)
        assert (dropped["verdict"], dropped["kind"]) == ("server_gone", "drop"), dropped
        assert "server" not in dropped, dropped
    service = endpoint(address, 7099)
    traced.director.ipvsadm("-A", "-t", service, "-s", "rr")
    with Trace(traced, "reply", ":7099") as trace:
        assert traced.client.connect(address, 7099) == "ECONNREFUSED"
        refused = trace.packets(1)[0]
    traced.director.ipvsadm("-D", "-t", service)
    assert (refused["verdict"], refused["kind"]) == ("no_server", "reply"), refused


def test_a_line_for_people_says_why(traced):
    client = traced.lab["client"].address(4)
    trace = traced.director.host.popen("plenum", "trace", f"{traced.vip(4)}:80", "--count", "1",
                                       stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    plain = program(traced)
    wait_for(lambda: program(traced) != plain or trace.poll() is not None, "the tracing program")
    assert traced.client.http(traced.vip(4), requests=1)["failed"] == 0
    out, err = trace.communicate(timeout=20)
    assert trace.returncode == 0, err
    assert f" eth0 tcp {client}:" in out and f" > {traced.vip(4)}:80 length " in out, out
    assert ": forward " in out and out.rstrip().endswith(", connection_new"), out
    assert err.startswith("1 packet shown"), err


def test_a_capture_has_the_packets_as_they_came_with_their_verdicts(traced, tmp_path):
    file = tmp_path / "trace.pcapng"
    plain = program(traced)
    trace = traced.director.host.popen("plenum", "trace", "udp", traced.vip(4), "forward", "--count", "5", "--pcap",
                                       str(file), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wait_for(lambda: program(traced) != plain, "the tracing program")
    assert traced.client.udp(traced.vip(4), count=20, size=64)["failed"] == 0
    _, err = trace.communicate(timeout=20)
    assert trace.returncode == 0, err
    lines = subprocess.run(["tcpdump", "-ne", "-r", file], capture_output=True, text=True,
                           check=True).stdout.splitlines()
    assert len(lines) == 5, lines
    assert all(f"{traced.vip(4)}.{ECHO_PORT}: " in line and " length 106: " in line for line in lines), lines
    assert b"forward " in file.read_bytes()
    wait_for(lambda: program(traced) == plain, "the program without tracing")


def test_what_passes_the_rate_is_counted(traced):
    with Trace(traced, traced.vip(4), "udp", ":" + str(ECHO_PORT), "--rate", "2", "--destination", traced.vip(4)) as trace:
        assert traced.client.udp(traced.vip(4), count=200, size=64)["failed"] == 0
        counts = trace.counts(lambda c: c["matched"] >= 200, "200 datagrams")
    assert counts["matched"] == 200 and counts["lost"] == 0, counts
    assert 150 < counts["suppressed"] < 200, counts


def test_no_packet_is_lost_when_programs_are_swapped(traced):
    plain = program(traced)
    before = traced.director.drops()
    with (traced.client.background("http", traced.vip(4), concurrency=4) as load,
          traced.client.background("http", traced.vip(6), concurrency=4) as other):
        for _ in range(5):
            with Trace(traced, "drop", "reply"):
                pass
            wait_for(lambda: program(traced) == plain, "the program without tracing")
        results = [load.stop(), other.stop()]
    for result in results:
        assert result["failed"] == 0 and result["requests"] > 100, result
    after = traced.director.drops()
    assert {name for name in after if after[name] != before[name]} & {"no_room", "no_next_hop", "server_gone",
                                                                      "no_server", "contended"} == set()


def test_a_reader_that_stands_still_holds_nobody_up(traced):
    with Trace(traced, "--rate", "100000") as trace:
        trace.process.send_signal(signal.SIGSTOP)
        try:
            for _ in range(3):
                assert traced.client.http(traced.vip(4), requests=1500, concurrency=8)["failed"] == 0
            assert traced.director.ask("status")["status"]["services"] > 0
        finally:
            trace.process.send_signal(signal.SIGCONT)
        counts = trace.counts(lambda c: c["matched"] > 6000, "packets")
        assert counts["lost"] > 0, counts


def test_a_daemon_killed_while_tracing_leaves_nothing_behind(large):
    with Stage("dr", large) as stage:
        stage.standard_services((4,))
        plain = program(stage)
        with Trace(stage, "drop"):
            assert program(stage) != plain
            stage.director.kill()
            # Nobody reads what the program tells, and packets go on.
            assert program(stage) != plain
            assert stage.client.http(stage.vip(4), requests=2000, concurrency=8)["failed"] == 0
        stage.director.start()
        assert program(stage) == plain
        assert stage.client.http(stage.vip(4), requests=30)["failed"] == 0
        assert stage.director.stop() == 0
