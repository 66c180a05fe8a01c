"""plenum-lbd on a host of the lab: started, stopped, killed, and asked through the command line.

Knows the programs only as an operator does: by their options, their exit code and --json.
"""
import json
import pathlib
import signal

from lab.host import build_dir, stop, wait_for


class Director:
    """One daemon's files and process. The data plane lives on when the process ends; the lab's
    `down` takes it away."""

    def __init__(self, host):
        self.host = host
        self.directory = pathlib.Path(host.lab.directory) / f"{host.name}-lbd"
        self.directory.mkdir()
        self.run_dir = self.directory / "run"
        self.bpf_dir = host.lab.bpffs / f"{host.name}-lbd"
        self.config = self.directory / "plenum.yaml"
        self.log = self.directory / "lbd.log"
        self.process = None
        self.configure("version: 1\n")
        host.env["PLENUM_RUN_DIR"] = str(self.run_dir)

    def configure(self, text):
        """Writes the file; a running daemon reads it when told to (apply)."""
        self.config.write_text(text)

    def argv(self, *more):
        return [build_dir() / "bin" / "plenum-lbd", "--config", self.config, "--run-dir", self.run_dir,
                "--bpf-dir", self.bpf_dir, *more]

    def start(self, timeout=20):
        """Until it answers on its socket."""
        self.process = self.host.popen(*self.argv(), log=self.log)
        wait_for(self._answers, "plenum-lbd to answer", timeout=timeout)
        return self

    def _answers(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"plenum-lbd ended with {self.process.returncode}: {self.log_tail()}")
        return self.plenum("status", "--json", check=False).returncode == 0

    def log_tail(self, lines=15):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-lines:])

    def stop(self):
        """SIGTERM. Its exit code."""
        return stop(self.process)

    def kill(self):
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def reload_by_signal(self):
        self.process.send_signal(signal.SIGHUP)

    def alive(self):
        return self.process is not None and self.process.poll() is None

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
