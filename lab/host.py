"""One host of the lab: a network namespace with its interfaces, and the ways to run things in it."""
import os
import pathlib
import signal
import subprocess
import time

from lab import shell

REPO = pathlib.Path(__file__).resolve().parent.parent
# The interpreter that runs the lab runs its helper programs too: they need nothing but the standard library.
PYTHON = "/usr/bin/python3"


def build_dir():
    return pathlib.Path(os.environ.get("PLENUM_BUILD", REPO / "build"))


def environment(**extra):
    """The environment of everything run in the lab: this build's programs come first."""
    env = dict(os.environ, **{k: str(v) for k, v in extra.items()})
    env["PATH"] = f"{build_dir() / 'bin'}:/usr/sbin:/sbin:{env.get('PATH', '/usr/bin:/bin')}"
    env["PYTHONPATH"] = str(REPO)
    env["PYTHONDONTWRITEBYTECODE"] = "1"
    return env


def wait_for(condition, what, timeout=15.0, every=0.05):
    """Waits until condition() is true and gives its value; TimeoutError naming `what` after timeout seconds."""
    end = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {timeout:g} s")
        time.sleep(every)


class Host:
    """Borrowed from its Lab, which made the namespace and removes it with all that runs in it."""

    def __init__(self, lab, plan):
        self.lab, self.plan, self.name = lab, plan, plan.name
        self.netns = lab.netns_name(plan.name)
        self.env = {}     # added to what is run here

    def address(self, family, port=0):
        """This host's address on its port-th interface."""
        where = self.plan.ports[port]
        return self.lab.topology.subnet(where.subnet).address(family, where.number)

    def argv(self, *argv):
        return ["ip", "netns", "exec", self.netns, *[str(a) for a in argv]]

    def run(self, *argv, check=True, timeout=60, stdin=None):
        return shell.run(*self.argv(*argv), check=check, timeout=timeout, stdin=stdin, env=environment(**self.env))

    def popen(self, *argv, log=None, **options):
        """Starts a program and returns at once. log: a file that takes what it prints.

        `ip netns exec` becomes the program (it does not fork), so the pid is the program's own.
        """
        if log is not None:
            with open(log, "ab") as out:
                return subprocess.Popen(self.argv(*argv), stdin=subprocess.DEVNULL, stdout=out, stderr=out,
                                        env=environment(**self.env), start_new_session=True)
        return subprocess.Popen(self.argv(*argv), env=environment(**self.env), text=True, **options)

    def ip(self, *argv, check=True):
        return shell.run("ip", "-n", self.netns, *argv, check=check)

    def sysctl(self, **values):
        """sysctl(net__ipv4__ip_forward=1): two underscores stand for a dot."""
        self.run("sysctl", "-q", "-w", *[f"{k.replace('__', '.')}={v}" for k, v in values.items()])

    def mac(self, interface="eth0"):
        return self.run("cat", f"/sys/class/net/{interface}/address").stdout.strip()

    def holds(self, address, interface=None):
        """Whether it carries the address, on that interface or on any."""
        where = ["dev", interface] if interface else []
        return f" {address}/" in self.ip("-o", "address", "show", *where, check=False).stdout

    def neighbour(self, address):
        """The MAC that it knows of a neighbour; None without one."""
        words = self.ip("neighbour", "show", address).stdout.split()
        return words[words.index("lladdr") + 1] if "lladdr" in words else None

    def listens(self, port, address=None, udp=False):
        """Whether some program of it listens on a port, at that address or at any."""
        where = ["src", f"[{address}]" if ":" in address else address, "and"] if address else []
        return bool(self.run("ss", "-Hlnu" if udp else "-Hlnt", *where, "sport", "=", f":{port}").stdout.strip())

    def pids(self):
        done = shell.run("ip", "netns", "pids", self.netns, check=False)
        return [int(p) for p in done.stdout.split()]


def stop(process, grace=5.0):
    """Ends a child: SIGTERM, then SIGKILL when it has not gone within `grace` seconds. Its exit code."""
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(grace)
        except subprocess.TimeoutExpired:
            process.kill()
    return process.wait()


def end_on_sigterm():
    """SIGTERM ends the program like Ctrl-C does, so that a lab it made is taken down."""
    def interrupt(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)
