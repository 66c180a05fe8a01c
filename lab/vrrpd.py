"""plenum-vrrpd on a host of the lab."""
import json
import socket

from lab.daemon import Router
from lab.host import build_dir


class Vrrpd(Router):
    """`node` is which node of the file this host is. run_dir and config: a director's, where there is one; `plenum`
    then finds both sockets at one place."""

    kind, file = "plenum-vrrpd", "plenum.yaml"

    def __init__(self, host, text="version: 1\n", node=None, run_dir=None, config=None):
        super().__init__(host, text, config)
        self.node = node or host.name
        self.run_dir = run_dir or self.directory / "run"
        host.env["PLENUM_RUN_DIR"] = str(self.run_dir)
        host.env["PLENUM_NODE"] = self.node

    def argv(self, *options):
        return [build_dir() / "bin" / "plenum-vrrpd", "--config", self.config, "--run-dir", self.run_dir, *options]

    def _ready(self):
        try:
            return self.ask("status")
        except (OSError, ValueError):
            return None

    def connect(self):
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(20)
        client.connect(str(self.run_dir / "vrrpd.sock"))
        return client

    def ask(self, op, **fields):
        """By the control socket itself: what waits for a change asks often."""
        with self.connect() as client, client.makefile("rw") as lines:
            lines.write(json.dumps({"op": op, **fields}) + "\n")
            lines.flush()
            answer = lines.readline()
        if not answer:
            raise ConnectionResetError("plenum-vrrpd hung up")
        return json.loads(answer)

    def plenum(self, *argv, check=True):
        return self.host.run("plenum", *argv, check=check)

    def status(self):
        return self.ask("status")["status"]

    def router(self, name=None):
        return next(r for r in self.status()["routers"] if name in (None, r["name"]))

    def state(self, name=None):
        return self.router(name)["state"]

    def _is(self, state, name):
        router = self.router(name)
        return router["state"] == state and router["here"] == (state == "master") and router

    def events(self, kind=None):
        return [e for e in self.ask("events")["events"] if kind in (None, e["kind"])]

    def bfd(self, name=None):
        return next(s for s in self.status()["bfd"] if name in (None, s["name"]))

    def sessions_up(self):
        return all(session["state"] == "up" for session in self.status()["bfd"])

    def reload(self):
        """What changed, as it says it; it must have read the file."""
        answer = self.ask("reload")
        assert answer["ok"], answer
        return answer["lines"]
