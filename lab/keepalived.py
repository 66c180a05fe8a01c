"""Debian's keepalived on a host of the lab, as the peer to compare with and to speak to."""
import re

from lab.daemon import Router

_PIDS = ("pid", "vrrp_pid", "checkers_pid", "bfd_pid")


class Keepalived(Router):
    """VRRP and BFD only (it would want the kernel's IPVS)."""

    kind, file = "keepalived", "keepalived.conf"

    def argv(self, *options):
        pids = [f"--{option}={self.directory / option}" for option in _PIDS]
        return ["keepalived", "--dont-fork", "--log-console", "--log-detail", f"--use-file={self.config}", *pids,
                *options]

    def _ready(self):
        return (self.directory / "vrrp_pid").exists()

    def kill(self):
        super().kill()
        for name in _PIDS:
            (self.directory / name).unlink(missing_ok=True)

    def state(self, name=None):
        """The last state that the log has of an instance: "master", "backup", "fault"."""
        found = re.findall(rf"\({name or '[^)]+'}\) Entering (\w+) STATE", self.logged())
        return found[-1].lower() if found else None

    def _is(self, state, name):
        return self.state(name) == state

    def sessions_up(self):
        """What its BFD thinks is not asked: it decides nothing there."""
        return self.alive()
