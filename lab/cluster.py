"""A whole cluster in a lab: two directors with plenum-lbd and plenum-vrrpd each, by one file for both, in front of
the lab's servers. What the demo and the tests of failover start from."""
import contextlib

from lab import servers
from lab.client import Client
from lab.director import Director
from lab.peer import ECHO_PORT
from lab.pair import Two
from lab.servers import HTTP_PORT
from lab.setting import Setting
from lab.topology import VIP_NUMBER
from lab.tutorial import Tutorial
from lab.vrrpd import Vrrpd

PORTS = {"http": HTTP_PORT, "echo": ECHO_PORT}


def cluster_file(lab, way, advert="200ms", bfd="30ms", check="", vip="", more=""):
    """One file for both directors. check: of every service, as YAML behind `check:`. vip: more of what `vrrp:` says."""
    first, second = lab["director"], lab["director2"]
    priority = f"priority: {{ {first.name}: 150, {second.name}: 100 }}"
    text = ("version: 1\nvips:\n"
            f"  web:\n    addresses: [{lab.vip(4)}/24]\n"
            f"    vrrp: {{ id: 51, interface: eth0, advert: {advert}, {priority}{', ' + vip if vip else ''} }}\n")
    if way == "nat":   # the servers' gateway moves along
        text += (f"  gateway:\n    addresses: [{gateway(lab)}/24]\n"
                 f"    vrrp: {{ id: 52, interface: eth1, advert: {advert}, {priority} }}\n"
                 "failover:\n  groups: { all: { members: [web, gateway] } }\n")
    if bfd:
        text += "bfd:\n" + "".join(f"  {h.name}: {{ address: {h.address(4)}, transmit: {bfd}, receive: {bfd} }}\n"
                                   for h in (first, second))
    text += "director:\n  sync: { state: both, interface: eth0, follow: web }\nl4:\n"
    for name, port in PORTS.items():
        text += (f"  {name}:\n    listen: {{ vip: web, port: {port} }}\n    forward: {way}\n    scheduler: rr\n"
                 + (f"    check: {check}\n" if check else "") + "    servers:\n"
                 + "".join(f"      {s.name}: {{ address: {s.address(4)} }}\n" for s in lab.servers))
    return text + more


def gateway(lab):
    return lab.topology.subnet("back").address(4, VIP_NUMBER)


class Cluster(Setting, Two):
    """way: nat, dr or tun. large: the file that the servers' /large is, and its digest."""

    def __init__(self, way, large, say=lambda host, line: None, **options):
        super().__init__(f"{way}-pair")
        self.way, self.large, self.say, self.options = way, large, say, options

    def _set_up(self):
        lab = self.lab
        servers.start_all(lab, self.large[0])
        self._meet(lab)
        self.client = Client(lab["client"])
        self.directors = []
        text = cluster_file(lab, self.way, **self.options)
        for host in self.hosts:
            host.env["PLENUM_NODE"] = host.name
            director = Director(host)
            director.configure(text)
            self.directors.append(director.start())
            self.daemons.append(Vrrpd(host, run_dir=director.run_dir, config=director.config))
        tutorial = Tutorial(lab, self.directors[0], self.way, say=self.say)
        for server in lab.servers:
            if self.way == "nat":
                server.ip("route", "replace", "default", "via", gateway(lab))
            else:
                tutorial.vip_on_server(server, 4)
        for daemon in self.daemons:
            daemon.start()
        self.settle()

    def knows(self, number, count):
        """Whether a director has as many connections, its own or heard of."""
        return self.directors[number].ask("status")["status"]["connections"] >= count

    # -- what may befall the first director: all of its programs at once ------------------------
    @contextlib.contextmanager
    def cut_off(self):
        """Every port of it leaves its switch: silence, all cables up."""
        ports = range(len(self.hosts[0].plan.ports))
        for port in ports:
            self.lab.unplug(self.hosts[0], port)
        try:
            yield
        finally:
            for port in ports:
                self.lab.plug(self.hosts[0], port)

    @contextlib.contextmanager
    def split(self):
        """The directors hear everybody but each other."""
        self._isolate("on")
        try:
            yield
        finally:
            self._isolate("off")

    def _isolate(self, isolated):
        for host in self.hosts:
            for i in range(len(host.plan.ports)):
                self.lab.switch("bridge", "link", "set", "dev", f"{host.name}-eth{i}", "isolated", isolated)

    @contextlib.contextmanager
    def dead(self):
        """As without power: its programs are killed and its cables silent."""
        with self.cut_off():
            self.daemons[0].kill()
            self.directors[0].kill()
            yield
            for address in (self.vip, *([gateway(self.lab)] if self.way == "nat" else ())):
                for i in range(len(self.hosts[0].plan.ports)):
                    self.hosts[0].ip("addr", "del", f"{address}/24", "dev", f"eth{i}", check=False)
        self.directors[0].start()
        self.daemons[0].start()

    @contextlib.contextmanager
    def frozen(self):
        """Both daemons stand still, the kernel goes on."""
        daemons = (self.daemons[0], self.directors[0])
        for daemon in daemons:
            daemon.freeze()
        try:
            yield
        finally:
            for daemon in daemons:
                daemon.thaw()
