"""Debian's FRRouting on a host of the lab, as a BFD neighbour and nothing else: bfdd, and zebra, which tells it of
interfaces."""
import json
import shutil

from lab.daemon import Daemon
from lab.host import stop, wait_for

DIRECTORY = "/usr/lib/frr"
INTERVAL = 50    # ms, both ways


class Frr(Daemon):
    """One session by eth0. The process is bfdd's; zebra stays while bfdd is killed and started again."""

    kind, file = "frr", "bfdd.conf"

    def __init__(self, host, neighbour):
        family = 6 if ":" in neighbour else 4
        super().__init__(host, f"""bfd
 peer {neighbour} local-address {host.address(family)} interface eth0
  detect-multiplier 3
  receive-interval {INTERVAL}
  transmit-interval {INTERVAL}
 exit
exit
""")
        self.zebra = None
        # Both give root up and make their sockets as a user of their own.
        shutil.chown(self.directory, "frr", "frr")
        host.lab.directory.chmod(0o711)
        (self.directory / "zebra.conf").write_text("\n")

    def argv(self, *options, program="bfdd"):
        d = self.directory
        return [f"{DIRECTORY}/{program}", "--config_file", d / f"{program}.conf", "--pid_file", d / f"{program}.pid",
                "--vty_socket", d, "--socket", d / "zserv", "--log", "stdout", *options]

    def start(self, *options, timeout=20):
        if self.zebra is None:
            self.zebra = self.host.popen(*self.argv(program="zebra"), log=self.directory / "zebra.log")
            wait_for(lambda: self._asked("zebra", "show interface eth0"), "zebra to answer")
        return super().start("--bfdctl", self.directory / "bfdd.ctl", *options, timeout=timeout)

    def kill(self):
        super().kill()
        # A place for its last words, which it takes away itself when it ends in order.
        shutil.rmtree(f"/var/tmp/frr/bfdd.{self.process.pid}")

    def stop(self):
        code = super().stop()
        stop(self.zebra)
        return code

    def _asked(self, program, command):
        """What one of the two says; nothing while it cannot be asked."""
        return self.host.run("vtysh", "--vty_socket", self.directory, "-d", program, "-c", command, check=False).stdout

    def _session(self):
        said = self._asked("bfdd", "show bfd peers json")
        peers = json.loads(said) if said.startswith("[") else []
        return peers[0] if peers else {}

    def _ready(self):
        return self._session()

    def state(self):
        return self._session().get("status")

    def knows(self, transmit, receive, multiplier):
        """Whether it goes by these intervals, in milliseconds, and multiplier of its neighbour."""
        session = self._session()
        return (transmit, receive, multiplier) == tuple(session.get(f"remote-{name}") for name in (
            "transmit-interval", "receive-interval", "detect-multiplier"))
