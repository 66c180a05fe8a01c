"""Sets a lab up as the field's tutorials do: the VIP on the director by `ip`, the service and
its servers by `ipvsadm`, the VIP on the servers by `plenum realserver`, which stands for the
sysctls and addresses that tutorials have people type."""
import shlex

from lab.client import endpoint
from lab.servers import HTTP_PORT

WEIGHTS = (3, 2, 1)
# ipvsadm's words for each way; tun is IPIP, the others the same lab with another tunnel.
FORWARD = {"nat": ("-m",), "dr": ("-g",), "tun": ("-i",),
           "gue": ("-i", "--tun-type", "gue", "--tun-port", "6080", "--tun-nocsum"),
           "gue-csum": ("-i", "--tun-type", "gue", "--tun-port", "6080", "--tun-csum"),
           "gue-remcsum": ("-i", "--tun-type", "gue", "--tun-port", "6080", "--tun-remcsum"),
           "gre": ("-i", "--tun-type", "gre"),
           "gre-csum": ("-i", "--tun-type", "gre", "--tun-csum")}
TUNNEL = {"tun": "ipip", "gue": "gue:6080", "gue-csum": "gue:6080", "gue-remcsum": "gue:6080", "gre": "gre",
          "gre-csum": "gre"}


class Tutorial:
    """say: told of each command before it runs, as (host's name, the command line)."""

    def __init__(self, lab, director, way=None, say=lambda host, line: None):
        self.lab, self.director, self.way, self.say = lab, director, way or lab.mode, say

    def on(self, host, *argv):
        self.say(host.name, shlex.join(str(a) for a in argv))
        return host.run(*argv)

    def prepare(self, families=(4, 6)):
        """Addresses and real servers; no service yet."""
        for family in families:
            self.vip_on_director(family)
            if self.way != "nat":
                for server in self.lab.servers:
                    self.vip_on_server(server, family)

    def vip_on_director(self, family):
        # Deprecated in IPv6: never the source of the director's own connections.
        more = () if family == 4 else ("nodad", "preferred_lft", "0")
        self.on(self.director.host, "ip", "address", "add", f"{self.lab.vip(family)}/{32 if family == 4 else 128}",
                "dev", "eth0", *more)

    def vip_on_server(self, server, family):
        tunnel = ("--tunnel", TUNNEL[self.way]) if self.way in TUNNEL else ()
        self.on(server, "plenum", "realserver", "setup", "--vip", self.lab.vip(family), *tunnel,
                "--no-persist", "--bpf-dir", self.lab.bpffs / server.name,
                "--state-dir", self.lab.directory / f"{server.name}-state")

    def service(self, family, port=HTTP_PORT, protocol="-t", scheduler="wrr", weights=WEIGHTS, servers=None):
        """One virtual service over the lab's servers, with these weights."""
        virtual = endpoint(self.lab.vip(family), port)
        self.on(self.director.host, "ipvsadm", "-A", protocol, virtual, "-s", scheduler)
        for server, weight in zip(servers if servers is not None else self.lab.servers, weights):
            self.server(family, server, weight, port, protocol)
        return virtual

    def server(self, family, server, weight, port=HTTP_PORT, protocol="-t"):
        self.on(self.director.host, "ipvsadm", "-a", protocol, endpoint(self.lab.vip(family), port),
                "-r", endpoint(server.address(family), port), *FORWARD[self.way], "-w", weight)
