"""A lab with everything running: web servers, plenum-lbd, services. What most tests start from."""
from lab import servers
from lab.client import Client, endpoint
from lab.director import Director
from lab.peer import ECHO_PORT, SINK_PORT
from lab.servers import HTTP_PORT
from lab.setting import Setting
from lab.tutorial import TUNNEL, Tutorial

# The network each way of forwarding is tried in.
NETWORK = {"nat": "nat", "dr": "dr", **{way: "tun" for way in TUNNEL}}
# On no server does anybody listen here.
CLOSED_PORT = 7011
FAMILIES = (4, 6)


class Stage(Setting):
    """way: nat, dr, or a tunnel of lab/tutorial.py, of which tun is IPIP. config: plenum-lbd's file."""

    def __init__(self, way, large, config="version: 1\n"):
        super().__init__(NETWORK[way])
        self.way, self.large, self.digest = way, large[0], large[1]
        self.config = config

    def _set_up(self):
        servers.start_all(self.lab, self.large)
        self.director = Director(self.lab["director"])
        self.director.configure(self.config)
        self.director.start()
        self.tutorial = Tutorial(self.lab, self.director, self.way)
        self.tutorial.prepare()
        self.client = Client(self.lab["client"])

    def standard_services(self, families=FAMILIES):
        for family in families:
            for port, protocol in ((HTTP_PORT, "-t"), (ECHO_PORT, "-t"), (ECHO_PORT, "-u"), (SINK_PORT, "-t"),
                                   (CLOSED_PORT, "-t"), (CLOSED_PORT, "-u")):
                self.tutorial.service(family, port, protocol)

    @property
    def servers(self):
        return self.lab.servers

    def vip(self, family):
        return self.lab.vip(family)

    def service(self, family, port=HTTP_PORT, protocol="TCP"):
        """A service's key as the command line has it."""
        return f"{protocol} {endpoint(self.vip(family), port)}"

    def counters(self, family, port=HTTP_PORT, protocol="-t"):
        """ipvsadm --stats of one service, exact: its own row and {server's address: row}, each a
        dict of conns, in_packets, out_packets, in_bytes, out_bytes."""
        option = endpoint(self.vip(family), port)
        rows = self.director.ipvsadm("-Ln", "--stats", "--exact", protocol, option).stdout.splitlines()
        names = ("conns", "in_packets", "out_packets", "in_bytes", "out_bytes")
        parsed = [(row.split()[1], dict(zip(names, map(int, row.split()[2:])))) for row in rows
                  if row.split() and row.split()[-1].isdigit()]
        return parsed[0][1], dict(parsed[1:])

    def whereabouts(self, result):
        """A load's findings beside what the director knows: its connections, and every reason it counted."""
        return "\n".join([str(result), self.director.ipvsadm("-Lnc").stdout,
                          *(f"{name} {packets}" for name, packets in self.director.drops().items() if packets)])

    def active(self, family, port=HTTP_PORT, protocol="-t"):
        """{server's endpoint: (weight, active, inactive)} from ipvsadm -Ln."""
        rows = self.director.ipvsadm("-Ln", protocol, endpoint(self.vip(family), port)).stdout.splitlines()
        return {row.split()[1]: tuple(map(int, row.split()[3:6])) for row in rows
                if row.strip().startswith("->") and row.split()[-1].isdigit()}
