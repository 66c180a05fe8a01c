"""Nothing delays an advertisement: whatever else the daemon has to do or is kept from doing, the one that sends
goes on."""
import ctypes
import os
import subprocess
import threading
import time

import pytest

from lab.burners import burners
from lab.host import PYTHON, wait_for
from lab.program import Program
from lab.vrrpd import Vrrpd

VIP = "192.0.2.10"
ADVERT = 0.1


@pytest.fixture
def pair(lab):
    first = Vrrpd(lab["director"], text(150)).start()
    second = Vrrpd(lab["director2"], text(100)).start()
    first.wait_state("master")
    second.wait_state("backup")
    return first, second


def text(priority, more=""):
    return (f"version: 1\nvips:\n  V:\n    addresses: [{VIP}/24]\n    vrrp:\n      id: 51\n      interface: eth0\n"
            f"      advert: 100ms\n      priority: {priority}\n{more}")


class Adverts(Program):
    """The times at which the other host heard adverts of the first one, from a raw socket in real time."""

    PROGRAM = """
import os, socket, sys, time
try:
    os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(60))
except PermissionError:
    pass
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)
s.setsockopt(socket.SOL_SOCKET, 35, 1)  # SO_TIMESTAMPNS
s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
print("ready", flush=True)
import struct
while True:
    data, extra, _, origin = s.recvmsg(2048, 256)
    stamp = next(d for l, t, d in extra if l == socket.SOL_SOCKET)
    seconds, nano = struct.unpack("qq", stamp[:16])
    # At once: it may be ended at any moment.
    os.write(1, f"{origin[0]} {data[20 + 2]} {seconds + nano / 1e9}\\n".encode())
"""

    def __init__(self, host, of):
        super().__init__(host, PYTHON, "-c", self.PROGRAM)
        self.of = of

    def longest(self):
        """Between two of them, in seconds; and how many there were."""
        self.process.terminate()
        lines = [line.split() for line in self.lines()]
        times = [float(when) for origin, _, when in lines if origin == self.of]
        assert not [1 for origin, *_ in lines if origin != self.of], "nobody else sent any"
        return max(b - a for a, b in zip(times, times[1:])), len(times)


def held_main_thread(pid, seconds):
    """A debugger on the main thread alone: it stands still, the others run."""
    libc = ctypes.CDLL(None, use_errno=True)
    seize, interrupt, detach = 0x4206, 0x4207, 17
    assert libc.ptrace(seize, pid, None, None) == 0, os.strerror(ctypes.get_errno())
    assert libc.ptrace(interrupt, pid, None, None) == 0
    os.waitpid(pid, 0x40000000)  # __WALL
    with open(f"/proc/{pid}/task/{pid}/stat") as stat:
        assert stat.read().split(") ")[1][0] == "t", "it stands"
    time.sleep(seconds)
    assert libc.ptrace(detach, pid, None, None) == 0


def check(pair, act, least):
    first, second = pair
    with Adverts(second.host, first.host.address(4)) as adverts:
        began = time.monotonic()
        act()
        if time.monotonic() - began < least:
            time.sleep(least - (time.monotonic() - began))
        longest, count = adverts.longest()
    assert count >= least / ADVERT * 0.9
    # Half an interval late would still not be missed by anybody.
    assert longest < 1.5 * ADVERT, f"{longest * 1000:.1f} ms between two adverts"
    assert not any(e["to"] == "master" for e in second.events("router"))


def test_a_debugger_on_the_main_thread(pair):
    check(pair, lambda: held_main_thread(pair[0].process.pid, 3), 3)
    assert pair[0].router()["state"] == "master"


def test_reloads_of_ten_thousand_servers(pair):
    first = pair[0]
    servers = "".join(f"      s{i}: {{address: 10.0.{i // 250}.{i % 250 + 1}}}\n" for i in range(10000))
    first.configure(text(150, "l4:\n  big:\n    listen: {vip: V, port: 80, protocol: tcp}\n    forward: nat\n"
                         f"    servers:\n{servers}"))
    check(pair, lambda: [first.reload() for _ in range(3)], 3)


def test_a_notification_that_nobody_takes(pair, tmp_path):
    """A script that does not end, a pipe that nobody reads, watchers that do not read."""
    first, second = pair
    pipe = tmp_path / "pipe"
    more = f"failover:\n  notify_fifo: {pipe}\n  script_user: root\n"
    first.configure(text(150, more).replace("priority: 150", "priority: 150\n      notify: {any: /bin/sleep 1000}"))

    def act():
        first.reload()
        deaf = [first.connect() for _ in range(10)]
        for one in deaf:
            one.sendall(b'{"op": "watch"}\n' * 100)
        for _ in range(200):
            first.ask("status")
        for one in deaf:
            one.close()
    check(pair, act, 3)
    subprocess.run(["pkill", "-P", str(first.process.pid)], check=False)


def test_a_full_disk(pair):
    first, _ = pair
    first.stop()
    full = first.host.popen("sh", "-c", f"exec plenum-vrrpd --config {first.config} --run-dir {first.run_dir} >/dev/full 2>&1")
    first.process = full
    first.wait_ready()
    first.wait_state("master")
    pair[1].wait_state("backup")
    before = len(pair[1].events("router"))
    with Adverts(pair[1].host, first.host.address(4)) as adverts:
        for _ in range(20):
            first.reload()
            time.sleep(0.1)
        longest, _ = adverts.longest()
    assert longest < 1.5 * ADVERT
    assert len(pair[1].events("router")) == before


def test_every_processor_busy(pair):
    with burners(2 * (os.cpu_count() or 1)):
        check(pair, lambda: None, 5)


def test_many_scripts_begin_while_every_processor_is_busy(pair):
    """Each is a copy of the daemon for a moment, for which the kernel locks its memory."""
    first = pair[0]
    scripts = "".join(f"    s{i}: {{ run: /bin/true, interval: 1s }}\n" for i in range(40))
    tracks = ", ".join(f"{{ script: s{i}, weight: -1 }}" for i in range(40))
    first.configure(text(150, f"failover:\n  script_user: root\n  scripts:\n{scripts}").replace(
        "priority: 150", f"priority: 150\n      track: [{tracks}]"))
    first.reload()
    with burners(2 * (os.cpu_count() or 1)):
        check(pair, lambda: None, 5)


def test_the_kernels_lock_on_interfaces_is_taken(pair):
    """Somebody changes links and addresses all the time: the adverts need none of that lock."""
    first = pair[0]
    ends = threading.Event()

    def churn():
        while not ends.is_set():
            first.host.run("sh", "-c", "for i in 1 2 3 4 5 6 7 8; do ip link add x$i type veth peer name y$i; done;"
                           " for i in 1 2 3 4 5 6 7 8; do ip link del x$i; done", check=False)
    threads = [threading.Thread(target=churn) for _ in range(3)]

    def act():
        for thread in threads:
            thread.start()
        time.sleep(4)
    try:
        check(pair, act, 4)
    finally:
        ends.set()
        for thread in threads:
            thread.join()
    wait_for(lambda: first.has(VIP), "the address to be where it was")
