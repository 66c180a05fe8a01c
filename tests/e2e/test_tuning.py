"""The file's tuning and timeouts on a running director: in force after a reload, shown, and kept."""
from lab.client import endpoint
from lab.peer import ECHO_PORT
from stage import Stage

FILE = "version: 1\ndirector: {{ {} }}\n"


def _shown(stage):
    return stage.director.ask("status")["status"]["tuning"]


def _apply(stage, keys):
    stage.director.configure(FILE.format(keys))
    return stage.director.plenum("apply").stdout


def test_a_reload_applies_tuning_and_says_so(large):
    with Stage("nat", large, config=FILE.format("")) as stage:
        assert _shown(stage) == []
        said = _apply(stage, "tuning: { sloppy_tcp: 1, am_droprate: 7 }, timeouts: { udp: 1m }")
        for line in ("director: tuning: sloppy_tcp 0 -> 1", "director: tuning: am_droprate 10 -> 7",
                     "director: timeouts: udp 300 -> 60"):
            assert line in said, said
        wanted = ["am_droprate 7 (default 10)", "sloppy_tcp 1 (default 0)", "timeout udp 60 s (default 300 s)"]
        assert _shown(stage) == wanted
        # A daemon that starts again finds the same, and what ipvsadm set since stays.
        stage.director.ipvsadm("--set", "100", "0", "0")
        stage.director.stop()
        stage.director.start()
        assert _shown(stage) == wanted[:2] + ["timeout tcp 100 s (default 900 s)", wanted[2]]
        assert stage.director.ipvsadm("-L", "--timeout").stdout == "Timeout (tcp tcpfin udp): 100 120 60\n"
        assert "director: timeouts: udp 60 -> 30" in _apply(stage, "timeouts: { udp: 30s }")
        assert stage.director.ipvsadm("-L", "--timeout").stdout == "Timeout (tcp tcpfin udp): 100 120 30\n"


def test_what_cannot_be_is_refused_and_changes_nothing(large):
    with Stage("nat", large, config=FILE.format("tuning: { drop_entry: 1 }")) as stage:
        stage.director.configure(FILE.format("tuning: { drop_entry: 2, conntrack: 1 }"))
        refused = stage.director.plenum("apply", check=False)
        assert refused.returncode != 0
        assert "conntrack can only be 0" in refused.stdout + refused.stderr
        assert _shown(stage) == ["drop_entry 1 (default 0)"]


def test_expire_nodest_conn_tells_the_client_that_its_server_is_gone(large):
    with Stage("nat", large, config=FILE.format("tuning: { expire_nodest_conn: 1 }")) as stage:
        virtual = stage.tutorial.service(4, ECHO_PORT, scheduler="rr")
        with stage.client.hold(stage.vip(4), 6, timeout=20) as held:
            assert held.opened["failed"] == 0
            gone = stage.servers[0]
            stage.director.ipvsadm("-d", "-t", virtual, "-r", endpoint(gone.address(4), ECHO_PORT))
            # Its two connections are reset, and at once; the others go on.
            answered = held.round()
            assert answered["answered"] == 4, answered
            assert answered["errors"] == {"ECONNRESET": 2}, answered
            assert stage.director.drops()["expired_nodest"] == 2
