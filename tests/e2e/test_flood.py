"""A flood of half-open connections at the lab's full rate: the table stays within its bounds, what is
established goes on untouched, the flood's own entries make room, all of it is counted, and when it is
over everything drains."""
import pytest

from lab.client import endpoint
from lab.flood import Flood
from lab.host import wait_for
from lab.peer import ECHO_PORT
from stage import Stage

ROOM = 65536
HELD = 200
FRAMES = 5 * ROOM
# Short enough that the end can be waited for, longer than the flood; TCP's SYN_RECV is a minute, and not to be set.
CONFIG = f"version: 1\ndirector: {{ connections: {ROOM}, tuning: {{ %s }}, timeouts: {{ udp: 20s }} }}\n"


def _status(stage):
    return stage.director.ask("status")["status"]


def _clients(stage, port, protocol="TCP"):
    """{(client, state)} of the connections of one virtual port that the flood did not make."""
    rows = stage.director.ask("connections")["connections"]
    wanted = endpoint(stage.vip(4), port)
    return {(c["client"], c["state"]) for c in rows
            if c["virtual"] == wanted and c["protocol"] == protocol.lower() and not c["client"].startswith("10.")}


def _flood(stage, protocol, frames):
    flood = Flood(stage.lab)
    director = stage.lab["director"]
    return flood.start(stage.lab["router"], "eth1", director.mac(), endpoint(stage.vip(4), ECHO_PORT), protocol,
                       frames), flood


@pytest.mark.parametrize("way", ["nat", "dr"])
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_a_flood_of_half_open_connections_takes_nothing_from_those_established(way, protocol, large):
    with Stage(way, large, config=CONFIG % "") as stage:
        stage.standard_services(families=(4,))
        with stage.client.hold(stage.vip(4), HELD, timeout=60) as held:
            assert held.opened == {"open": HELD, "failed": 0, "errors": {}}
            assert held.round()["failed"] == 0
            before = _clients(stage, ECHO_PORT)
            assert len(before) == HELD
            process, flood = _flood(stage, protocol, FRAMES)
            # While it rages: every established connection answers, and none of them is another one.
            assert held.round() == {"round": 2, "answered": HELD, "failed": 0, "errors": {}}
            sent = flood.finish(process)["sent"]
            status, drops = _status(stage), stage.director.drops()
            made = drops["connection_new"]
            assert made >= ROOM, f"too weak a flood: {sent} sent, {drops}"
            assert status["connection_room"] == ROOM
            assert ROOM * 9 // 10 < status["connections"] <= ROOM
            # Who had to go were the flood's own, each counted.
            assert drops["evicted_oldest"] == 0, drops
            assert drops["evicted_half_open"] > 0
            assert held.round() == {"round": 3, "answered": HELD, "failed": 0, "errors": {}}
            assert _clients(stage, ECHO_PORT) == before
            assert stage.director.drops()["connection_reused"] == 0
            # Newcomers are served at once.
            assert stage.client.http(stage.vip(4), requests=20)["failed"] == 0
            if way == "dr":
                # Each entry of the flood has its time, and the sweep comes round every second.
                wait_for(lambda: _status(stage)["connections"] < HELD + 100, "the flood's entries to end",
                         timeout=150)
                assert held.round()["failed"] == 0
                assert _clients(stage, ECHO_PORT) == before
        assert stage.director.alive()


def test_drop_entry_and_secure_tcp_come_on_when_the_table_runs_full_and_go_again(large):
    with Stage("dr", large, config=CONFIG % "drop_entry: 1, drop_packet: 1, secure_tcp: 1") as stage:
        stage.standard_services(families=(4,))
        with stage.client.hold(stage.vip(4), HELD, timeout=60) as held:
            assert held.opened["failed"] == 0
            assert not [line for line in _status(stage)["tuning"] if "on now" in line]
            process, flood = _flood(stage, "tcp", FRAMES)
            on = wait_for(lambda: [line for line in _status(stage)["tuning"] if "on now" in line], "the defences")
            assert "drop_entry" in on[0] and "drop_packet 1/" in on[0] and "secure_tcp" in on[0], on
            wait_for(lambda: stage.director.drops()["dropped_entries"] > 0, "half-open entries to be dropped")
            wait_for(lambda: stage.director.drops()["defence"] > 0, "new connections to be dropped")
            assert held.round()["failed"] == 0
            flood.finish(process)
            # drop_entry goes on taking until there is room again.
            wait_for(lambda: not [line for line in _status(stage)["tuning"] if "on now" in line],
                     "the defences to end", timeout=90)
            assert held.round()["failed"] == 0
            assert stage.director.drops()["evicted_oldest"] == 0
