"""A daemon on a host of the lab, as one kind after the other is (director.py, vrrpd.py, keepalived.py, bird.py,
frr.py): its files, its process and what it logs. Knows nothing of what any of them does."""
import datetime
import os
import pathlib
import re
import signal

from lab.host import stop, wait_for


class Daemon:
    """Of a kind that says how it is started (argv) and when it is ready (_ready)."""

    kind = ""          # what the program is called in messages and in its directory's name
    file = "config"    # its configuration's name

    def __init__(self, host, text="", config=None):
        """config: a file that is there already, another daemon's."""
        self.host = host
        self.directory = pathlib.Path(host.lab.directory) / f"{host.name}-{self.kind}"
        self.directory.mkdir(exist_ok=True)
        self.config = config or self.directory / self.file
        self.log = self.directory / "log"
        self.process = None
        if config is None:
            self.configure(text)

    def configure(self, text):
        """Writes the file; a running daemon reads it when told to."""
        self.config.write_text(text)

    def start(self, *options, timeout=20):
        """Until it is ready."""
        self.process = self.host.popen(*self.argv(*options), log=self.log)
        return self.wait_ready(timeout)

    def wait_ready(self, timeout=20):
        wait_for(self._ready_or_ended, f"{self.kind} to be ready", timeout=timeout)
        return self

    def _ready_or_ended(self):
        if not self.alive():
            raise RuntimeError(f"{self.kind} ended with {self.process.returncode}: {self.log_tail()}")
        return self._ready()

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def stop(self):
        """Tells it to end, and waits; its exit code."""
        return stop(self.process)

    def kill(self):
        """As a power cut would: none of its processes has a word left to say."""
        self._signal_all(signal.SIGKILL)
        self.process.wait()

    def freeze(self):
        self._signal_all(signal.SIGSTOP)

    def thaw(self):
        self._signal_all(signal.SIGCONT)

    def _signal_all(self, number):
        for pid in reversed(self.pids()):
            try:
                os.kill(pid, number)
            except ProcessLookupError:
                pass    # it ended meanwhile

    def pids(self):
        """Of it and its children."""
        found = [self.process.pid]
        for pid in found:
            for children in pathlib.Path(f"/proc/{pid}/task").glob("*/children"):
                try:
                    found += [int(p) for p in children.read_text().split()]
                except OSError:
                    pass    # it ended meanwhile
        return found

    def reload_by_signal(self):
        self.process.send_signal(signal.SIGHUP)

    def logged(self):
        """All of its log so far."""
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def log_lines(self):
        """[(when, line)], seconds since 1970, of one of Plenum's."""
        found = re.findall(r"^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) (.*)$", self.logged(), re.M)
        return [(datetime.datetime.fromisoformat(when).timestamp(), line) for when, line in found]

    def log_tail(self, lines=15):
        return "\n".join(self.logged().splitlines()[-lines:])

    def has(self, address, interface=None):
        """Whether its host carries the address."""
        return self.host.holds(address, interface)


class Router(Daemon):
    """One that elects masters of virtual addresses: it says which state a router is in (_is)."""

    def wait_state(self, state, name=None, timeout=20):
        """Until a router is in that state, and its addresses are as the state wants them; `name`: one of several."""
        try:
            return wait_for(lambda: self._is(state, name), f"{self.kind} on {self.host.name} to be {state}", timeout,
                            every=0.02)
        except TimeoutError as error:
            raise TimeoutError(f"{error}\n{self.logged()}") from None
