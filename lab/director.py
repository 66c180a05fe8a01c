"""plenum-lbd on a host of the lab, asked through the command line.

Knows the programs only as an operator does: by their options, their exit code and --json.
"""
import json

from lab.daemon import Daemon
from lab.host import build_dir


class Director(Daemon):
    """The data plane lives on when the process ends; the lab's `down` takes it away."""

    kind, file = "plenum-lbd", "plenum.yaml"

    def __init__(self, host):
        super().__init__(host, "version: 1\n")
        self.run_dir = self.directory / "run"
        self.bpf_dir = host.lab.bpffs / f"{host.name}-{self.kind}"
        host.env["PLENUM_RUN_DIR"] = str(self.run_dir)

    def argv(self, *options):
        return [build_dir() / "bin" / "plenum-lbd", "--config", self.config, "--run-dir", self.run_dir,
                "--bpf-dir", self.bpf_dir, *options]

    def _ready(self):
        return self.plenum("status", "--json", check=False).returncode == 0

    def unload(self):
        """Takes the data plane away too."""
        return self.host.run(*self.argv("--unload"))

    def plenum(self, *argv, check=True, stdin=None):
        return self.host.run("plenum", *argv, check=check, stdin=stdin)

    def ask(self, *argv):
        """A command's --json as a value."""
        return json.loads(self.plenum(*argv, "--json").stdout)

    def ipvsadm(self, *argv, check=True, stdin=None):
        return self.host.run("ipvsadm", *argv, check=check, stdin=stdin)

    def drops(self):
        """The data plane's reasons as {name: packets}."""
        return {reason["name"]: reason["packets"] for reason in self.ask("status", "--drops")["reasons"]}
