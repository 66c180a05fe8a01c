"""Health checks against servers that really fail: how fast they are out, that nothing goes to them meanwhile, how
fast they are back, and what follows for the service."""
import contextlib
import json
import pathlib
import signal
import time

import pytest

from lab.client import endpoint
from lab.host import PYTHON, wait_for
from lab.moody import MOODY_PORT
from lab.shell import script
from lab.vrrpd import Vrrpd
from lab.witness import while_it_is_sound
from stage import Stage

INTERVAL, TIMEOUT, FALL, RISE = 0.5, 0.5, 2, 2
# Beside the promise: what a busy machine and the programs' own start need.
SLACK = 0.7
CHECK = (f"{{ type: http, path: /healthz, interval: {int(INTERVAL * 1000)}ms, timeout: {int(TIMEOUT * 1000)}ms, "
         f"fall: {FALL}, rise: {RISE} }}")


class Moody:
    """The moody server on one host."""

    def __init__(self, host):
        self.host = host
        directory = pathlib.Path(host.lab.directory) / host.name
        self.mood_file, self.log = directory / "mood", directory / "moody.log"
        self.process = None
        self.be("ok")
        self.start()

    def start(self):
        host = self.host
        addresses = [host.address(4), host.lab.vip(4)]
        self.process = host.popen(PYTHON, "-m", "lab.moody", host.name, MOODY_PORT, self.mood_file, self.log, *addresses,
                                  log=self.log.with_suffix(".err"))
        wait_for(lambda: host.listens(MOODY_PORT), f"{host.name}'s moody server")

    def be(self, mood):
        fresh = self.mood_file.with_suffix(".new")
        fresh.write_text(mood)
        fresh.rename(self.mood_file)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def requests(self):
        return len(self.log.read_text().splitlines()) if self.log.exists() else 0

    def firewall(self, on):
        if on:
            rules = (f"table inet lost {{\n chain in {{\n  type filter hook input priority 0\n"
                     f"  tcp dport {MOODY_PORT} drop\n }}\n}}\n")
            self.host.run("nft", "-f", "-", stdin=rules)
        else:
            self.host.run("nft", "delete", "table", "inet", "lost")


class Checked:
    """A stage with a service of moody servers that are checked."""

    def __init__(self, stage):
        self.stage, self.moody = stage, [Moody(server) for server in stage.servers]

    def configure(self, more="", check=CHECK, servers=None, of_server=None):
        """`more`: further lines of the service; `of_server`: {number: further keys of that server}."""
        rows = [f"s{i}: {{ address: {server.address(4)}{(of_server or {}).get(i, '')} }}"
                for i, server in enumerate(self.stage.servers if servers is None else servers, 1)]
        lines = "".join(f"    {line}\n" for line in more.splitlines())
        self.stage.director.configure(
            "version: 1\nl4:\n  web:\n"
            f"    listen: {{ address: {self.stage.vip(4)}, port: {MOODY_PORT} }}\n"
            f"    forward: {self.stage.way}\n    scheduler: rr\n    drain: 3s\n"
            + (f"    check: {check}\n" if check else "") + lines + f"    servers: {{ {', '.join(rows)} }}\n")
        self.stage.director.plenum("apply")

    def key(self, number):
        return endpoint(self.stage.servers[number - 1].address(4), MOODY_PORT)

    def in_force(self):
        """As ipvsadm -Ln has it: {server: weight}."""
        return {name: row[0] for name, row in self.stage.active(4, MOODY_PORT).items()}

    def health(self):
        servers = self.stage.director.ask("health")["health"][0]["servers"]
        return {server["server"]: server["health"] for server in servers}

    def all_up(self):
        wait_for(lambda: all(h["state"] == "up" and all(c.get("probes", 0) > 0 for c in h["checks"])
                             for h in self.health().values()), "every server to be up", timeout=20)

    def load(self, requests=30, **options):
        return self.stage.client.http(self.stage.vip(4), MOODY_PORT, requests=requests, timeout=2, **options)

    def said(self, text, after):
        """When the daemon's log said it, seconds since 1970; None if not since `after`."""
        return next((when for when, line in self.stage.director.log_lines() if when >= after and text in line), None)

    def seconds_until(self, text, after, timeout=20):
        return wait_for(lambda: self.said(text, after), text, timeout=timeout) - after


@pytest.fixture(scope="module", params=["dr", "nat"])
def checked(request, large):
    with Stage(request.param, large) as stage:
        yield Checked(stage)


@contextlib.contextmanager
def failing(moody, how):
    """While a server fails in one way; yields a function that heals it."""
    state = {"healed": False}

    def fail():
        if how == "killed":
            moody.kill()
        elif how == "hung":
            moody.process.send_signal(signal.SIGSTOP)
        elif how == "firewall":
            moody.firewall(True)
        else:
            moody.be(how)

    def heal():
        state["healed"] = True
        if how == "killed":
            moody.start()
        elif how == "hung":
            moody.process.send_signal(signal.SIGCONT)
        elif how == "firewall":
            moody.firewall(False)
        else:
            moody.be("ok")

    fail()
    try:
        yield heal
    finally:
        if not state["healed"]:
            heal()


def fails_and_heals(checked, how):
    """That the second server is out in time and back in time, and nothing goes to it meanwhile."""
    # A fall here is none of another test's.
    checked.configure("damping: { enabled: false }")
    checked.all_up()
    server, name = checked.moody[1], checked.key(2)
    assert name in checked.in_force()
    before = time.time()
    with failing(server, how) as heal:
        out = checked.seconds_until("server s2", before)
        assert "is down" in next(line for _, line in checked.stage.director.log_lines()[::-1] if "server s2" in line)
        # A connection that hangs is found out by the timeout of each probe.
        assert out <= FALL * INTERVAL + TIMEOUT + SLACK, f"{how}: out after {out:.2f} s"
        wait_for(lambda: name not in checked.in_force(), "the server to be gone from ipvsadm -Ln", timeout=3)
        seen = server.requests()
        result = checked.load(requests=40)
        assert result["failed"] == 0 and "server2" not in result["servers"], result
        assert server.requests() == seen
        health = checked.health()["s2"]
        assert health["state"] == "down" and health["why"], health
        row = next(s for s in checked.stage.director.ask("servers", "web")["services"][0]["servers"]
                   if s["server"]["name"] == "s2")
        assert row["out"] and row["health"]["state"] == "down"
        told = checked.stage.director.plenum("explain", f"{checked.stage.lab['client'].address(4)}:4000",
                                             f"{endpoint(checked.stage.vip(4), MOODY_PORT)}/tcp").stdout
        assert f"is down: {health['why']}" in told, told
        assert "1 of 3 servers down" in checked.stage.director.plenum("status").stdout
        heal()
        healed = time.time()
    fell = before + out + 0.001
    up = checked.seconds_until("server s2", fell) + fell - healed
    assert up <= RISE * INTERVAL + SLACK, f"{how}: back after {up:.2f} s"
    wait_for(lambda: name in checked.in_force(), "the server to be back in ipvsadm -Ln", timeout=3)
    assert checked.load(requests=30)["servers"] == {"server1": 10, "server2": 10, "server3": 10}


@pytest.mark.parametrize("how", ["killed", "hung", "slow", "500", "hang", "firewall"])
def test_a_server_that_fails_is_out_in_time_and_back_in_time(checked, how):
    while_it_is_sound(checked.stage.director.host, checked.stage.servers[1].address(4),
                      lambda: fails_and_heals(checked, how))


def test_counters_of_a_server_go_on_when_it_is_back(checked):
    def connections():
        return checked.stage.director.ask("servers", "web")["services"][0]["servers"][0]["counters"]["connections"]

    checked.configure("damping: { enabled: false }")
    checked.all_up()
    before = connections()
    assert checked.load(requests=30)["failed"] == 0
    with failing(checked.moody[0], "500"):
        wait_for(lambda: checked.key(1) not in checked.in_force(), "s1 to be out")
    wait_for(lambda: checked.key(1) in checked.in_force(), "s1 to be back")
    assert connections() >= before + 10


def test_inhibit_keeps_a_server_at_weight_0_and_drain_lets_it_go(checked):
    checked.configure("damping: { enabled: false }\non_failure: inhibit", of_server={2: ", on_failure: drain"})
    checked.all_up()
    with failing(checked.moody[0], "500"), failing(checked.moody[1], "500"):
        wait_for(lambda: checked.in_force().get(checked.key(1)) == 0, "s1 to be inhibited")
        # Its connections end by themselves or after the service's 3 s.
        wait_for(lambda: checked.key(2) not in checked.in_force(), "s2 to be gone")
        assert checked.in_force() == {checked.key(1): 0, checked.key(3): 1}
        assert set(checked.load()["servers"]) == {"server3"}
        saved = checked.stage.director.ipvsadm("-Sn").stdout
        assert saved.count("-w 1") == 3, "what is saved is what is wanted:\n" + saved
    wait_for(lambda: checked.in_force() == {checked.key(i): 1 for i in (1, 2, 3)}, "all to be back")


def test_an_operator_s_word_stays_over_health(checked):
    checked.configure("damping: { enabled: false }")
    checked.all_up()
    director = checked.stage.director
    director.plenum("weight", "web", "s1", "5", "--reason", "test")
    director.plenum("drain", "web", "s3", "--reason", "test")
    with failing(checked.moody[0], "500"):
        wait_for(lambda: checked.key(1) not in checked.in_force(), "s1 to be out")
        director.reload_by_signal()
        time.sleep(0.3)
        assert checked.in_force() == {checked.key(2): 1, checked.key(3): 0}
    wait_for(lambda: checked.in_force() == {checked.key(1): 5, checked.key(2): 1, checked.key(3): 0},
             "s1 to be back with the operator's weight")
    for name in ("s1", "s3"):
        director.plenum("enable", "web", name)
    assert checked.in_force() == {checked.key(i): 1 for i in (1, 2, 3)}


def test_below_its_quorum_the_sorry_server_takes_everything(checked):
    stage = checked.stage
    told = pathlib.Path(stage.lab.directory) / f"told-{stage.way}"
    tell = script(pathlib.Path(stage.lab.directory) / f"tell-{stage.way}.sh",
                  f'echo "$PLENUM_STATE $PLENUM_SERVER" >> {told}\n')
    told.write_text("")
    checked.configure()
    checked.all_up()
    third = stage.servers[2].address(4)
    checked.configure(f"damping: {{ enabled: false }}\nquorum: 2\nsorry: {{ address: {third} }}\n"
                      "notify: { " + ", ".join(f"{event}: {{ run: {tell}, user: root }}" for event in
                                               ("up", "down", "quorum_up", "quorum_down")) + " }",
                      servers=stage.servers[:2])
    wait_for(lambda: len(checked.health()) == 2, "the reload")
    checked.all_up()
    assert set(checked.load(requests=20)["servers"]) == {"server1", "server2"}
    with failing(checked.moody[0], "500"):
        wait_for(lambda: checked.in_force() == {checked.key(3): 1}, "the sorry server alone")
        assert checked.load(requests=20)["servers"] == {"server3": 20}
        wait_for(lambda: "quorum_down" in told.read_text(), "quorum_down to be told")
        assert "BELOW ITS QUORUM" in stage.director.plenum("status").stdout
        assert "sorry" in stage.director.plenum("servers", "web").stdout
        # It is nobody's wish: neither saved by ipvsadm -S nor kept by the daemon.
        assert endpoint(third, MOODY_PORT) not in stage.director.ipvsadm("-Sn").stdout
        def saved():
            state = json.loads((stage.director.run_dir / "lbd.state").read_text())
            return [server["address"] for service in state["running"] for server in service["servers"]]

        # Where a reload took it out of the service's own servers it is there until it is drained.
        wait_for(lambda: saved() == [server.address(4) for server in stage.servers[:2]], "the state to be as wanted")
        assert checked.in_force() == {checked.key(3): 1}
    wait_for(lambda: set(checked.in_force()) == {checked.key(1), checked.key(2)}, "the service to be up again")
    wait_for(lambda: "quorum_up" in told.read_text(), "quorum_up to be told")
    # The service was up before the file named the scripts: that is no news.
    assert told.read_text().splitlines() == ["down s1", "quorum_down ", "up s1", "quorum_up "]


def test_a_sorry_server_that_is_kept_and_servers_at_weight_0_beside_it(checked):
    stage = checked.stage
    third = stage.servers[2].address(4)
    checked.configure(f"damping: {{ enabled: false }}\nquorum: 2\nsorry: {{ address: {third}, inhibit: true }}",
                      of_server={2: ", on_failure: inhibit"}, servers=stage.servers[:2])
    wait_for(lambda: len(checked.health()) == 2, "the reload")
    checked.all_up()
    kept = {checked.key(1): 1, checked.key(2): 1, checked.key(3): 0}
    wait_for(lambda: checked.in_force() == kept, "the sorry server at weight 0")
    assert set(checked.load(requests=20)["servers"]) == {"server1", "server2"}
    assert endpoint(third, MOODY_PORT) not in stage.director.ipvsadm("-Sn").stdout
    with failing(checked.moody[0], "500"):
        wait_for(lambda: checked.in_force() == {checked.key(2): 0, checked.key(3): 1}, "the sorry server to take all")
        assert checked.load(requests=20)["servers"] == {"server3": 20}
    wait_for(lambda: checked.in_force() == kept, "the service to be up again")


def test_a_flapping_server_is_damped(checked):
    checked.configure("damping: { suppress: 2, half_life: 4s, longest: 5s }",
                      check="{ type: http, path: /healthz, interval: 100ms, timeout: 500ms, fall: 1, rise: 1 }")
    checked.all_up()
    server = checked.moody[0]

    def flap():
        if checked.health()["s1"]["state"] == "damped":
            return True
        server.be("500")
        wait_for(lambda: checked.health()["s1"]["state"] != "up", "s1 to fall")
        server.be("ok")
        return checked.health()["s1"]["state"] == "damped"

    try:
        wait_for(flap, "s1 to be damped", timeout=20, every=0.3)
    finally:
        server.be("ok")
    # Well again, and nevertheless out.
    time.sleep(0.5)
    if checked.health()["s1"]["state"] == "damped":
        assert checked.key(1) not in checked.in_force()
        assert "damped" in checked.stage.director.plenum("servers", "web").stdout
    wait_for(lambda: checked.health()["s1"]["state"] == "up", "s1 to have rested", timeout=15)
    wait_for(lambda: checked.key(1) in checked.in_force(), "s1 to be back")


def test_a_restart_does_not_try_dead_servers_on_clients(checked):
    stage = checked.stage
    checked.configure("damping: { enabled: false }")
    checked.all_up()
    with failing(checked.moody[0], "500"):
        wait_for(lambda: checked.key(1) not in checked.in_force(), "s1 to be out")
        # Written a second after the change at the latest; a daemon that is killed writes nothing more.
        state = stage.director.run_dir / "lbd.state"
        wait_for(lambda: '"down":true' in state.read_text(), "the state to be saved")
        seen = checked.moody[0].requests()
        with stage.client.background("http", stage.vip(4), MOODY_PORT, concurrency=4, pause=0.01) as load:
            stage.director.kill()
            stage.director.start()
            time.sleep(1)
            result = load.stop()
        assert result["failed"] == 0 and "server1" not in result["servers"], result
        assert checked.moody[0].requests() == seen
    wait_for(lambda: checked.key(1) in checked.in_force(), "s1 to be back")


def test_slow_start_brings_the_weight_up_step_by_step(checked):
    checked.configure("damping: { enabled: false }\nslow_start: 3s", of_server={1: ", weight: 100"})
    checked.all_up()
    with failing(checked.moody[0], "500"):
        wait_for(lambda: checked.key(1) not in checked.in_force(), "s1 to be out")
    seen = set()

    def risen():
        weight = checked.in_force().get(checked.key(1))
        if weight:
            seen.add(weight)
        return weight == 100

    wait_for(risen, "s1 to have its whole weight", timeout=15, every=0.02)
    assert len(seen) > 3 and min(seen) < 50, seen


def test_a_group_of_addresses_asks_once_and_tells_once(checked):
    """keepalived's virtual_server_group: a service for each address, and a health checker for each real server."""
    stage = checked.stage
    director, moody, servers = stage.director, checked.moody[:2], stage.servers[:2]
    addresses = [f"198.51.100.{n}" for n in (201, 202, 203)]
    told = pathlib.Path(stage.lab.directory) / f"told-of-group-{stage.way}"
    told.write_text("")
    tell = script(pathlib.Path(stage.lab.directory) / f"tell-of-group-{stage.way}.sh",
                  f'echo "$PLENUM_STATE $PLENUM_SERVER $PLENUM_GROUP" >> {told}\n')

    def apply(count):
        rows = "".join(f"  real_server {server.address(4)} {MOODY_PORT} {{\n   notify_up {tell}\n   notify_down {tell}\n"
                       "   HTTP_GET {\n    url {\n     path /asked\n     status_code 200\n    }\n    retry 0\n"
                       "    connect_timeout 2\n   }\n  }\n" for server in servers)
        director.configure(
            "global_defs {\n script_user root\n}\nvirtual_server_group shop {\n"
            + "".join(f" {address} {MOODY_PORT}\n" for address in addresses[:count])
            + f"}}\nvirtual_server group shop {{\n protocol TCP\n lvs_sched rr\n lvs_method {stage.way.upper()}\n"
            f" delay_loop 1\n quorum_up {tell}\n quorum_down {tell}\n{rows}}}\n")
        director.plenum("apply")

    names = [server.address(4) for server in servers]

    def in_force(address):
        rows = director.ipvsadm("-Ln", "-t", endpoint(address, MOODY_PORT)).stdout.split()
        return [endpoint(server.address(4), MOODY_PORT) in rows for server in servers]

    def probes():
        """Of the first server's check, as each service shows it."""
        return [row["health"]["checks"][0].get("probes", 0) for service in director.ask("health")["health"]
                for row in service["servers"] if row["server"] == names[0]]

    def lines():
        return sorted(told.read_text().splitlines())

    before = moody[0].requests()
    apply(3)
    wait_for(lambda: min(probes(), default=0) >= 4, "some probes of the group's servers", timeout=20)
    shown, asked = probes(), moody[0].requests() - before
    assert len(set(shown)) == 1 and len(shown) == 3, shown
    # One more may have ended since.
    assert shown[0] <= asked <= shown[0] + 1, (shown, asked)
    wait_for(lambda: lines() == ["quorum_up  shop"], "the quorum to be told once: " + told.read_text())
    with contextlib.ExitStack() as broken:
        broken.enter_context(failing(moody[0], "500"))
        broken.enter_context(failing(moody[1], "500"))
        wait_for(lambda: all(in_force(address) == [False, False] for address in addresses), "both to be out everywhere")
        wait_for(lambda: len(lines()) >= 4, "three notices more")
        # An address that comes later takes over what is known of the group; that of one that stays goes on.
        apply(2)
        seen = probes()
        apply(3)
        assert in_force(addresses[2]) == [False, False]
        assert len(probes()) == 3 and min(probes()) >= seen[0] >= shown[0], (seen, probes())
    wait_for(lambda: all(in_force(address) == [True, True] for address in addresses), "both to be back everywhere")
    everything = sorted(["quorum_up  shop"] * 2 + ["quorum_down  shop"]
                        + [f"{state} {name} shop" for state in ("up", "down") for name in names])
    wait_for(lambda: len(lines()) >= len(everything), "all to be told")
    assert lines() == everything


def test_diff_shows_what_of_the_checks_would_change(checked):
    checked.configure()
    director = checked.stage.director
    text = director.config.read_text().replace("interval: 500ms", "interval: 700ms").replace(
        "    servers:", "    quorum: 2\n    servers:")
    director.configure(text)
    lines = director.plenum("diff").stdout.splitlines()
    assert any(line.startswith("web: check http every 500ms") and "-> http every 700ms" in line for line in lines), lines
    assert "web: quorum 1 -> 2" in lines


def test_a_number_in_a_file_is_added_to_the_weight(checked):
    path = pathlib.Path(checked.stage.lab.directory) / f"weight-{checked.stage.way}"
    path.write_text("7\n")
    file = f"{{ type: file, path: {path}, interval: 200ms }}"
    checked.configure("damping: { enabled: false }", of_server={1: f", check: [ {CHECK}, {file} ]"})
    wait_for(lambda: checked.in_force().get(checked.key(1)) == 8, "the number to be added")
    path.write_text("-1\n")
    wait_for(lambda: checked.in_force().get(checked.key(1)) == 0, "the number to be taken off")
    path.unlink()
    wait_for(lambda: checked.in_force() == {checked.key(i): 1 for i in (1, 2, 3)}, "a missing file to count as 0")


def test_a_script_judges_and_sets_the_weight(checked):
    result = pathlib.Path(checked.stage.lab.directory) / f"result-{checked.stage.way}"
    judge = script(pathlib.Path(checked.stage.lab.directory) / f"judge-{checked.stage.way}.sh",
                   f"exit $(cat {result})\n")
    result.write_text("0")
    checked.configure("damping: { enabled: false }", of_server={
        1: f", check: {{ type: script, run: {{ run: {judge}, user: root }}, weighted: true, interval: 200ms, "
           "timeout: 2s, fall: 2, rise: 1 }"})
    checked.all_up()
    result.write_text("22")
    wait_for(lambda: checked.in_force().get(checked.key(1)) == 20, "the script's weight")
    result.write_text("1")
    wait_for(lambda: checked.key(1) not in checked.in_force(), "s1 to be out")
    assert "status 1" in checked.health()["s1"]["why"]
    result.write_text("0")
    wait_for(lambda: checked.in_force().get(checked.key(1)) == 1, "s1 to be back with the file's weight")
    # One that others may change is not run, and the server stays as it was.
    judge.chmod(0o777)
    result.write_text("1")
    wait_for(lambda: any("not safe to run" in check.get("hindrance", "") for check in checked.health()["s1"]["checks"]),
             "the script to be refused")
    assert checked.in_force().get(checked.key(1)) == 1
    judge.chmod(0o755)
    wait_for(lambda: checked.key(1) not in checked.in_force(), "s1 to be out by the script's word")


def test_a_start_with_a_broken_file_keeps_who_was_down_out(checked):
    director = checked.stage.director
    checked.configure("damping: { enabled: false }")
    checked.all_up()
    good = director.config.read_text()
    with failing(checked.moody[0], "500"):
        wait_for(lambda: checked.key(1) not in checked.in_force(), "s1 to be out")
        assert director.stop() == 0
        director.configure("version: 1\nl4: [broken]\n")
        director.start()
        assert checked.in_force() == {checked.key(2): 1, checked.key(3): 1}
        assert "no health checks run until the file is mended" in director.plenum("status").stdout
        director.configure(good)
        director.plenum("apply")
        assert checked.in_force() == {checked.key(2): 1, checked.key(3): 1}
    wait_for(lambda: checked.key(1) in checked.in_force(), "s1 to be back")


def test_a_server_goes_with_its_bfd_session(checked):
    director, server = checked.stage.director, checked.stage.servers[0]
    here, there = director.host.address(4, 1 if checked.stage.way == "nat" else 0), server.address(4)
    # Ours is where plenum-lbd looks for it.
    ours, theirs = Vrrpd(director.host, run_dir=director.run_dir), Vrrpd(server)

    def bfd(address):
        return f"bfd: {{ s1: {{ address: {address}, transmit: 50ms, receive: 50ms }} }}\n"

    theirs.configure("version: 1\n" + bfd(here))
    theirs.start()
    checked.configure("damping: { enabled: false }", of_server={1: ", check: { type: bfd, session: s1 }"})

    def the_check():
        return checked.health()["s1"]["checks"][0]

    # From a session that nobody speaks of nothing follows.
    wait_for(lambda: "nobody has spoken" in the_check().get("hindrance", ""), "s1's check to wait for plenum-vrrpd")
    told = next(line for line in director.plenum("status").stdout.splitlines() if "CANNOT BE ASKED" in line)
    assert told.strip().startswith("web: a check CANNOT BE ASKED, s1: bfd: nobody has spoken"), told
    assert checked.key(1) in checked.in_force()
    ours.configure("version: 1\n" + bfd(there))
    ours.start()
    try:
        wait_for(lambda: the_check().get("probes", 0) > 0, "s1's session to be up")
        assert "CANNOT BE ASKED" not in director.plenum("status").stdout
        assert checked.key(1) in checked.in_force()
        # Another plenum-vrrpd, whose session begins as down, takes nobody out.
        before, probes = time.time(), the_check()["probes"]
        ours.stop()
        ours.start()
        wait_for(lambda: ours.sessions_up() and the_check()["probes"] > probes, "the session to be up again")
        assert checked.said("server s1", before) is None and checked.key(1) in checked.in_force()
        before = time.time()
        theirs.kill()
        assert checked.seconds_until("server s1", before) < 0.15 + SLACK
        wait_for(lambda: checked.key(1) not in checked.in_force(), "s1 to be out")
        assert "BFD session" in checked.health()["s1"]["why"]
        # While plenum-vrrpd is away, what it said last holds.
        ours.stop()
        time.sleep(0.3)
        assert checked.key(1) not in checked.in_force()
    finally:
        for daemon in (ours, theirs):
            daemon.stop()
