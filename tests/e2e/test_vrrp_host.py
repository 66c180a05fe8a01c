"""What a virtual router does on its host: addresses, virtual MAC, routes and rules, what was left by a crash, what
others take away, reloads that touch nothing, what is tracked, and who is told."""
import os
import signal
import subprocess
import time

import pytest

from lab.host import wait_for
from lab.shell import script
from lab.vrrpd import Vrrpd

VIP = "192.0.2.10"


def config(routers, more=""):
    """routers: {name: (id, priority, addresses, more keys)}."""
    text = "version: 1\nvips:\n"
    for name, (vrid, priority, addresses, keys) in routers.items():
        text += (f"  {name}:\n    addresses: [{addresses}]\n    vrrp:\n      id: {vrid}\n      interface: eth0\n"
                 f"      priority: {priority}\n      advert: 100ms\n")
        text += "".join(f"      {line}\n" for line in keys.splitlines())
    return text + more


def one(priority=100, keys="", more="", addresses=f"{VIP}/24"):
    return config({"V": (51, priority, addresses, keys)}, more)


class Sniffer:
    """Packets that come by on a host while it is there, as tcpdump's lines."""

    def __init__(self, host, *expression):
        self.process = host.popen("tcpdump", "--immediate-mode", "-l", "-n", "-e", "-tt", "-i", "eth0", *expression,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        for line in self.process.stderr:
            if "listening on" in line:
                break

    def end(self):
        self.process.send_signal(signal.SIGINT)
        return [line for line in self.process.communicate(timeout=20)[0].splitlines() if " > " in line]


class AddressWatch:
    """What becomes of a host's addresses meanwhile, as `ip monitor` says it."""

    def __init__(self, host):
        self.host = host
        self.process = subprocess.Popen(host.argv("ip", "-o", "monitor", "address"), stdout=subprocess.PIPE)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.text = ""
        wait_for(lambda: self._marked("192.0.2.201"), "the monitor to begin")

    def _marked(self, marker):
        self.host.ip("address", "replace", f"{marker}/32", "dev", "lo")
        self.host.ip("address", "del", f"{marker}/32", "dev", "lo")
        self.text += (self.process.stdout.read() or b"").decode()
        return marker in self.text

    def end(self):
        wait_for(lambda: self._marked("192.0.2.202"), "the monitor to tell all")
        self.process.kill()
        self.process.communicate()
        return self.text


def test_addresses_are_added_announced_and_taken_away(lab):
    host, other = lab["director"], lab["director2"]
    sniffer = Sniffer(other, "arp", "or", "icmp6")
    daemon = Vrrpd(host, one(keys='announce: {repeat: 3, delay: 300ms, delay_repeat: 2}',
                             addresses=f'{VIP}/24, "2001:db8:f::10/64"')).start()
    daemon.wait_state("master")
    assert daemon.has(VIP) and daemon.has("2001:db8:f::10")
    time.sleep(0.5)  # what comes later than it should would be counted, too
    lines = sniffer.end()
    mac = host.mac()
    arp = [line for line in lines if f"who-has {VIP} (ff:ff:ff:ff:ff:ff) tell {VIP}" in line]
    advertisements = [line for line in lines if "neighbor advertisement" in line and "tgt is 2001:db8:f::10" in line]
    assert len(arp) == len(advertisements) == 5, lines
    assert all(mac in line for line in arp + advertisements)
    when = [float(line.split()[0]) for line in arp]
    assert when[2] - when[0] < 0.05 and 0.25 < when[3] - when[0] < 0.45
    assert daemon.stop() == 0
    assert not daemon.has(VIP) and not daemon.has("2001:db8:f::10")


def test_what_a_killed_daemon_left_is_kept_by_a_master_and_taken_from_a_backup(lab):
    daemons = [Vrrpd(lab[name], one(priority)) for name, priority in (("director", 150), ("director2", 100))]
    for daemon in daemons:
        daemon.start()
    first, second = daemons
    first.wait_state("master")
    second.wait_state("backup")
    # Back before anybody missed it: nothing moves.
    second.kill()
    first.kill()
    assert first.has(VIP)
    watch = AddressWatch(first.host)
    first.start().wait_state("master")
    assert f" {VIP}/" not in watch.end(), "the address was never away"
    assert "its addresses were here from before" in first.logged()
    # Back when another is master: it has the address no more, and nobody has it twice for longer than an advert takes.
    second.start().wait_state("backup")
    first.kill()
    second.wait_state("master")
    first.configure(one(50))
    assert first.has(VIP)
    first.start().wait_state("backup")
    wait_for(lambda: not first.has(VIP), "the address to go from the backup")
    assert second.has(VIP)
    # Of what its file does not speak of any more.
    second.kill()
    second.configure(one(100, addresses="192.0.2.77/24"))
    second.start().wait_state("backup")
    wait_for(lambda: not second.has(VIP), "the address of the old file to go")


def test_one_id_on_two_interfaces_has_a_macvlan_on_each(lab):
    host = lab["director"]
    host.ip("link", "add", "second", "type", "veth", "peer", "name", "third")
    for name in ("third", "second"):
        host.ip("link", "set", name, "up")
    host.ip("address", "add", "198.51.100.1/24", "dev", "second")
    text = config({"V": (51, 100, f"{VIP}/24", "vmac: true"), "W": (51, 100, "198.51.100.10/24", "vmac: true")})
    head, tail = text.split("  W:")
    daemon = Vrrpd(host, head + "  W:" + tail.replace("interface: eth0", "interface: second")).start()
    for name in "VW":
        daemon.wait_state("master", name)
    shown = host.ip("-o", "address", "show").stdout
    for name, address in (("vrrp.51", VIP), ("vrrp1.51", "198.51.100.10")):
        assert any(f" {name} " in line and f" {address}/24 " in line for line in shown.splitlines()), shown
    assert daemon.stop() == 0
    assert "vrrp" not in host.ip("link", "show").stdout


def test_a_reload_touches_what_changed_alone(lab):
    host = lab["director"]
    def text(second_priority, more=""):
        return config({"V": (51, 150, f"{VIP}/24", ""), "W": (52, second_priority, "192.0.2.11/24" + more, "")})
    daemon = Vrrpd(host, text(100)).start()
    for name in "VW":
        daemon.wait_state("master", name)
    events = len(daemon.events("router"))
    watch = AddressWatch(host)
    assert daemon.reload() == []
    daemon.configure(text(120))
    assert daemon.reload() == ["change router W"]
    wait_for(lambda: daemon.router("W")["priority"] == 120, "the new priority")
    daemon.configure(text(120, ", 192.0.2.12/24"))
    assert daemon.ask("diff")["lines"] == ["change router W"]
    daemon.reload()
    wait_for(lambda: daemon.has("192.0.2.12"), "the address that was added")
    moved = watch.end()
    assert "192.0.2.12/" in moved and f" {VIP}/" not in moved and "192.0.2.11/" not in moved
    assert len(daemon.events("router")) == events, "nobody changed its state"
    # One that goes resigns; a file with errors changes nothing.
    daemon.configure(config({"V": (51, 150, f"{VIP}/24", "")}))
    daemon.reload()
    wait_for(lambda: not daemon.has("192.0.2.11") and not daemon.has("192.0.2.12"), "its addresses to go")
    assert [r["name"] for r in daemon.status()["routers"]] == ["V"]
    daemon.configure("version: 1\nnonsense: 1\n")
    answer = daemon.ask("reload")
    assert not answer["ok"] and "nonsense" in answer["error"]
    assert daemon.router("V")["state"] == "master" and daemon.has(VIP)


def test_an_address_that_somebody_takes_away_comes_back(lab):
    daemon = Vrrpd(lab["director"], one()).start()
    daemon.wait_state("master")
    daemon.host.ip("address", "del", f"{VIP}/24", "dev", "eth0")
    wait_for(lambda: daemon.has(VIP), "the address to be back")


def test_without_a_link_it_takes_no_part(lab):
    host = lab["director"]
    daemon = Vrrpd(host, one()).start()
    daemon.wait_state("master")
    host.ip("link", "set", "eth0", "down")
    daemon.wait_state("fault")
    assert daemon.router()["because"] == "interface eth0"
    host.ip("link", "set", "eth0", "up")
    daemon.wait_state("master")
    wait_for(lambda: daemon.has(VIP), "the address")
    # The whole interface goes and comes: found again by its name.
    host.ip("link", "add", "track7", "type", "veth", "peer", "name", "track8")
    daemon.configure(one(keys="track: [{interface: track7}]"))
    daemon.reload()
    daemon.wait_state("fault")
    host.ip("link", "set", "track7", "up")
    host.ip("link", "set", "track8", "up")
    daemon.wait_state("master")
    host.ip("link", "del", "track7")
    daemon.wait_state("fault")


def test_routes_and_rules_come_and_go_with_the_master(lab):
    host = lab["director"]
    daemon = Vrrpd(host, one(keys="""routes: [{to: 198.18.0.0/15, via: 192.0.2.1, metric: 7, table: 77}, {to: 203.0.113.99/32, type: blackhole}]
rules: [{from: 198.18.0.0/15, table: 77, priority: 1000}]
excluded: [192.0.2.30/32]""")).start()
    daemon.wait_state("master")
    def has():
        return ("198.18.0.0/15 via 192.0.2.1" in host.ip("route", "show", "table", "77", check=False).stdout,
                "blackhole 203.0.113.99" in host.ip("route").stdout,
                "from 198.18.0.0/15 lookup 77" in host.ip("rule").stdout, daemon.has("192.0.2.30"))
    assert has() == (True,) * 4
    host.ip("link", "set", "eth0", "down")
    daemon.wait_state("fault")
    host.ip("link", "set", "eth0", "up")
    daemon.wait_state("master")
    assert has() == (True,) * 4
    daemon.stop()
    assert has() == (False,) * 4


def test_a_virtual_mac_stays_the_same_over_a_failover(lab):
    client = lab["router"]
    text = config({"V": (51, "{PRIORITY}", f"{VIP}/32", "vmac: true")})
    daemons = [Vrrpd(lab[name], text.replace("{PRIORITY}", priority)).start()
               for name, priority in (("director", "150"), ("director2", "100"))]
    daemons[0].wait_state("master")
    daemons[1].wait_state("backup")
    def mac():
        client.run("ping", "-c", "1", "-W", "1", VIP, check=False)
        return client.neighbour(VIP)
    assert wait_for(mac, "an answer") == "00:00:5e:00:01:33"
    assert daemons[0].has(VIP, "vrrp.51") and not daemons[0].has(VIP, "eth0")
    sniffer = Sniffer(lab["server1"], "ip", "proto", "112")
    daemons[0].kill()
    daemons[1].wait_state("master")
    wait_for(lambda: client.run("ping", "-c", "1", "-W", "1", VIP, check=False).returncode == 0, "an answer")
    assert mac() == "00:00:5e:00:01:33"
    lines = sniffer.end()
    assert lines and all(line.split()[1] == "00:00:5e:00:01:33" for line in lines), lines
    daemons[1].stop()
    assert "vrrp.51" not in daemons[1].host.ip("link").stdout
    daemons[0].start().wait_state("master")
    daemons[0].stop()
    assert "vrrp.51" not in daemons[0].host.ip("link").stdout


@pytest.fixture
def place(tmp_path_factory):
    """Where another user's programs may look."""
    import pathlib
    import tempfile
    with tempfile.TemporaryDirectory(prefix="plenum-vrrp-") as name:
        os.chmod(name, 0o755)
        yield pathlib.Path(name)


def test_what_is_tracked_decides(lab, place):
    flag = place / "well"
    flag.touch()
    check = script(place / "check", f"test -e {flag}\n")
    number = place / "number"
    text = one(100, keys="track: [{script: chk}, {file: num, weight: 2}, {process: sleeper}]", more=f"""failover:
  scripts: {{ chk: {{ run: {check}, interval: 100ms, fall: 2, rise: 2, weight: -30 }} }}
  files: {{ num: {{ path: {number} }} }}
  processes: {{ sleeper: {{ program: plenumsleeper, weight: 5 }} }}
""")
    daemon = Vrrpd(lab["director"], text).start()
    daemon.wait_state("master")
    assert daemon.router()["priority"] == 100
    flag.unlink()
    wait_for(lambda: daemon.router()["priority"] == 70, "the script to count")
    number.write_text("10\n")
    wait_for(lambda: daemon.router()["priority"] == 90, "the file to count")
    number.write_text("-10\n")
    wait_for(lambda: daemon.router()["priority"] == 50, "the file to count against it")
    (place / "plenumsleeper").symlink_to("/bin/sleep")
    sleeper = subprocess.Popen([place / "plenumsleeper", "1000"])
    try:
        wait_for(lambda: daemon.router()["priority"] == 55, "the process to count")
    finally:
        sleeper.kill()
        sleeper.wait()
    wait_for(lambda: daemon.router()["priority"] == 50, "the end of the process to count", timeout=1)
    number.unlink()
    flag.touch()
    wait_for(lambda: daemon.router()["priority"] == 100, "all to be well")
    # Without a weight it may not take part at all.
    daemon.configure(text.replace(", weight: -30", ""))
    daemon.reload()
    flag.unlink()
    daemon.wait_state("fault")
    assert daemon.router()["because"] == "script chk"
    flag.touch()
    daemon.wait_state("master")


def test_a_script_that_others_may_change_is_not_run(lab, place):
    check = script(place / "check", "exit 1\n", 0o777)
    daemon = Vrrpd(lab["director"], one(keys="track: [{script: chk}]", more=f"""failover:
  scripts: {{ chk: {{ run: {check}, interval: 100ms }} }}
""")).start()
    daemon.wait_state("master")
    (warning,) = daemon.status()["warnings"] or [daemon.logged()]
    assert warning.startswith("script chk is not run: ") and "others than root may change" in warning


def test_a_stuck_script_is_a_failed_one_and_holds_nothing_up(lab, place):
    check = script(place / "check", "sleep 1000\n")
    daemon = Vrrpd(lab["director"], one(100, keys="track: [{script: chk, weight: -10}]", more=f"""failover:
  scripts: {{ chk: {{ run: {check}, interval: 300ms, timeout: 200ms }} }}
""")).start()
    daemon.wait_state("master")
    wait_for(lambda: daemon.router()["priority"] == 90, "the script to have failed")
    daemon.stop()
    wait_for(lambda: subprocess.run(["pgrep", "-f", str(check)], capture_output=True).returncode != 0,
             "nothing of it to be left")


def test_a_group_goes_as_one_and_all_are_told(lab, place):
    heard = place / "heard"
    tell = script(place / "tell", f'echo "$*" >> {heard}\n')
    script(place / "up", f"echo up $1 >> {heard}\n")
    fifo = place / "fifo"
    def text(first, second):
        return config({"A": (51, first, f"{VIP}/24", f"notify: {{any: {tell}, master: '{place}/up A'}}"),
                       "B": (52, second, "192.0.2.11/24", "")},
                      f"failover:\n  notify_fifo: {fifo}\n  script_user: root\n"
                      f"  groups: {{ G: {{ members: [A, B], notify: {{any: {tell}}} }} }}\n")
    heard.touch()
    heard.chmod(0o666)
    first = Vrrpd(lab["director"], text(150, 150)).start()
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    for name in "AB":
        first.wait_state("master", name)
    second = Vrrpd(lab["director2"], text(100, 100).replace(str(fifo), str(fifo) + "2").replace(str(tell), "/bin/true")
                   .replace(f"{place}/up A", "/bin/true")).start()
    for name in "AB":
        second.wait_state("backup", name)
    # They run side by side: in any order.
    told = {"up A", "INSTANCE A BACKUP 150", "INSTANCE A MASTER 150", "GROUP G BACKUP 150", "GROUP G MASTER 150"}
    wait_for(lambda: told <= set(heard.read_text().splitlines()), "the scripts to be told")
    heard.write_text("")
    text_now = second.config.read_text()
    second.configure(text_now.replace("id: 51\n      interface: eth0\n      priority: 100",
                                      "id: 51\n      interface: eth0\n      priority: 200"))
    second.reload()
    time.sleep(1)
    # One that is better alone waits for the other: the group would be torn apart.
    assert [second.router(name)["state"] for name in "AB"] == ["backup"] * 2
    second.configure(text_now.replace("priority: 100", "priority: 200"))
    second.reload()
    for name in "AB":
        second.wait_state("master", name)
        first.wait_state("backup", name)
    wait_for(lambda: "GROUP G BACKUP 150" in heard.read_text(), "the group's script to be told")
    second.kill()
    for name in "AB":
        first.wait_state("master", name)
    first.stop()
    wait_for(lambda: "INSTANCE A STOP 150" in heard.read_text() and "GROUP G STOP" in heard.read_text(), "the end to be told")
    piped = os.read(reader, 65536).decode().splitlines()
    os.close(reader)
    assert piped[:2] == ['INSTANCE "A" BACKUP 150', 'INSTANCE "B" BACKUP 150'], piped
    for line in ('INSTANCE "A" MASTER 150', 'GROUP "G" MASTER 150', 'GROUP "G" BACKUP 150', 'INSTANCE "B" STOP 150'):
        assert line in piped, piped


def test_an_operator_moves_a_router_and_it_stays_there(lab):
    first, second = (Vrrpd(lab[name], one(priority)).start() for name, priority in
                     (("director", 150), ("director2", 100)))
    first.wait_state("master")
    second.wait_state("backup")
    done = first.host.run("plenum", "--run-dir", first.run_dir, "vrrp", "failover", "V")
    assert done.stdout == "V gives up\n"
    second.wait_state("master", timeout=1)
    first.wait_state("backup")
    time.sleep(1)  # ten adverts of a lesser master
    assert first.router()["state"] == "backup" and first.router()["held"]
    shown = first.host.run("plenum", "--run-dir", first.run_dir, "vrrp", "status").stdout
    assert "backup" in shown and "does not preempt (plenum vrrp failback)" in shown
    first.host.run("plenum", "--run-dir", first.run_dir, "vrrp", "failback")
    first.wait_state("master")
    events = first.host.run("plenum", "--run-dir", first.run_dir, "vrrp", "events").stdout
    assert "told to give up by" in events and "master -> backup" in events
    refused = second.host.run("plenum", "--run-dir", second.run_dir, "vrrp", "failover", "V", check=False)
    assert refused.returncode == 1 and "not master here" in refused.stderr


def test_a_split_heals_with_one_master_and_nobody_misled(lab):
    first, second = (Vrrpd(lab[name], one(priority)).start() for name, priority in
                     (("director", 150), ("director2", 100)))
    first.wait_state("master")
    second.wait_state("backup")
    first.host.run("ping", "-c", "1", lab["router"].address(4, 1))
    lab.unplug(first.host)
    second.wait_state("master")
    lab["router"].run("ping", "-c", "1", "-W", "1", VIP)
    lab.plug(first.host)
    second.wait_state("backup")
    assert first.router()["state"] == "master"
    wait_for(lambda: first.router().get("other_master", {}).get("address") == second.host.address(4),
             "the status to speak of two masters")
    wait_for(lambda: lab["router"].neighbour(VIP) == first.host.mac(), "the client to know where the address is", timeout=2)
