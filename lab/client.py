"""The client's load program (lab/load.py) as calls: each runs in the client's namespace and
gives the program's findings as a dict. Knows nothing of what stands behind the address."""
import json

from lab.host import PYTHON
from lab.peer import ECHO_PORT, SINK_PORT
from lab.program import Program
from lab.servers import HTTP_PORT
from lab.topology import CLIENT_PORTS


def endpoint(address, port):
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


class Client:
    """Borrows the host, which outlives it. One for a host: it knows which ports were used."""

    def __init__(self, host):
        self.host = host
        self._unused = CLIENT_PORTS.start

    def _argv(self, command, address, port, options):
        flags = []
        for name, value in options.items():
            if value is True:
                flags.append(f"--{name}")
            elif value is not None:
                flags += [f"--{name}", str(value)]
        return [PYTHON, "-m", "lab.load", command, endpoint(address, port), *flags]

    def _run(self, command, address, port, limit=120, **options):
        done = self.host.run(*self._argv(command, address, port, options), timeout=limit)
        return json.loads(done.stdout.splitlines()[-1])

    def http(self, address, port=HTTP_PORT, **options):
        """A number of requests comes from ports that no other came from, so that each is a choice of a server."""
        if options.get("requests") and "source" not in options:
            options["source"] = self._ports(options["requests"])
        return self._run("http", address, port, **options)

    def _ports(self, count):
        """The first of `count` ports that were not used yet."""
        first, self._unused = self._unused, self._unused + count
        if self._unused > CLIENT_PORTS.stop:
            raise RuntimeError(f"no {count} ports are left that no connection came from")
        return first

    def download(self, address, port=HTTP_PORT, path="/large", **options):
        return self._run("download", address, port, path=path, **options)

    def upload(self, address, file, port=SINK_PORT, **options):
        return self._run("upload", address, port, file=file, **options)

    def udp(self, address, port=ECHO_PORT, **options):
        return self._run("udp", address, port, **options)

    def refused(self, address, port, **options):
        return self._run("refused", address, port, **options)

    def mtu(self, address, port=ECHO_PORT, **options):
        return self._run("mtu", address, port, **options)

    def connect(self, address, port=HTTP_PORT, **options):
        return self._run("connect", address, port, **options)["result"]

    def background(self, command, address, port=HTTP_PORT, **options):
        """The same command while something else happens: `with client.background("http", vip) as load`."""
        return Background(self.host, *self._argv(command, address, port, dict(options, announce=True)))

    def hold(self, address, count, port=ECHO_PORT, **options):
        """`count` connections kept open: `with client.hold(vip, 2000) as held: held.round()`."""
        return Held(self.host, *self._argv("hold", address, port, dict(options, count=count)))


class Background(Program):
    """A load that runs until stop() (http) or until it is done (download)."""

    def stop(self):
        """Asks it to end and gives its findings."""
        self.process.terminate()
        return self.result()


class Held(Program):
    """Connections kept open. `opened` is what came of opening them."""

    def __init__(self, host, *argv):
        super().__init__(host, *argv)
        self.opened = json.loads(self.first)

    def round(self):
        """One message and its echo on every connection; what came of it."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return json.loads(self.line())
