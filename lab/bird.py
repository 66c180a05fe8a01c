"""Debian's bird on a host of the lab, as a BFD neighbour and nothing else."""
import re

from lab.daemon import Daemon

INTERVAL = 50    # ms, both ways


class Bird(Daemon):
    """One session by eth0."""

    kind = "bird"

    def __init__(self, host, neighbour):
        super().__init__(host, f"""router id 192.0.2.99;
protocol device {{}}
protocol bfd {{
  interface "eth0" {{
    min rx interval {INTERVAL} ms; min tx interval {INTERVAL} ms; idle tx interval 500 ms; multiplier 3;
  }};
  neighbor {neighbour} dev "eth0";
}}
""")
        self.socket = self.directory / "socket"

    def argv(self, *options):
        return ["bird", "-f", "-c", self.config, "-s", self.socket, "-P", self.directory / "pid", *options]

    def _ready(self):
        return self.socket.exists()

    def kill(self):
        super().kill()
        self.socket.unlink()

    def _session(self):
        """(state, interval, timeout) as it shows them, in milliseconds."""
        shown = self.host.run("birdc", "-s", self.socket, "show", "bfd", "sessions", check=False).stdout
        found = re.search(r"eth0\s+(\w+)\s+\S+\s+([\d.]+)\s+([\d.]+)", shown)
        return (found[1].lower(), float(found[2]) * 1000, float(found[3]) * 1000) if found else (None, 0, 0)

    def state(self):
        return self._session()[0]

    def knows(self, transmit, receive, multiplier):
        """Whether it goes by these intervals, in milliseconds, and multiplier of its neighbour."""
        return self._session()[1:] == (max(INTERVAL, receive), multiplier * max(INTERVAL, transmit))
