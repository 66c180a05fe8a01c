"""Two directors of a lab that hold one virtual address between them, by plenum-vrrpd or by keepalived, and what
may befall the one that has it. Knows their configurations; what is measured or expected is the caller's."""
import contextlib

from lab.host import wait_for
from lab.keepalived import Keepalived
from lab.vrrpd import Vrrpd

INTERFACE = "eth0"
VRID = 51
PRIORITIES = (150, 100)


def plenum_file(pair, advert="1s", bfd=None, version=3, more="", vip_more=""):
    """The one file of both nodes. bfd: between two packets of a session, "30ms"; three may be missed."""
    first, second = pair.hosts
    sessions = "".join(f"  {h.name}: {{ address: {h.address(4)}, transmit: {bfd}, receive: {bfd}, multiplier: 3 }}\n"
                       for h in pair.hosts) if bfd else ""
    return (f"version: 1\nvips:\n  web:\n    addresses: [{pair.vip}/24]\n    vrrp:\n      id: {VRID}\n"
            f"      interface: {INTERFACE}\n      version: {version}\n      advert: {advert}\n"
            f"      priority: {{ {first.name}: {PRIORITIES[0]}, {second.name}: {PRIORITIES[1]} }}\n{vip_more}"
            + (f"bfd:\n{sessions}" if bfd else "") + more)


def keepalived_file(pair, number, advert="1s", bfd=None, version=3, more="", instance_more=""):
    seconds = float(advert[:-2]) / 1000 if advert.endswith("ms") else float(advert[:-1])
    own, other = pair.hosts[number], pair.hosts[1 - number]
    session = (f"bfd_instance peer {{\n  neighbor_ip {other.address(4)}\n  source_ip {own.address(4)}\n"
               f"  min_rx {bfd[:-2]}\n  min_tx {bfd[:-2]}\n  idle_tx 1000\n  multiplier 3\n}}\n") if bfd else ""
    return (f"global_defs {{\n  router_id {own.name}\n  vrrp_version {version}\n  vrrp_rt_priority 50\n"
            f"  vrrp_no_swap\n"
            # Without this the kernel kills it on a busy machine: it has 10 ms of CPU time at a stretch.
            f"  vrrp_rlimit_rttime 1000000\n  enable_script_security\n}}\n{session}"
            f"vrrp_instance web {{\n  state BACKUP\n  interface {INTERFACE}\n  virtual_router_id {VRID}\n"
            f"  priority {PRIORITIES[number]}\n  advert_int {seconds:g}\n{instance_more}"
            f"  virtual_ipaddress {{\n    {pair.vip}/24 dev {INTERFACE}\n  }}\n}}\n{more}")


class Two:
    """What any two directors of a lab have in common whose first one is master of `web` while both are well: their
    hosts, the address, and a daemon each."""

    def _meet(self, lab):
        self.hosts = [lab["director"], lab["director2"]]
        self.vip = lab.vip(4)
        self.daemons = []

    def well(self):
        """The first one alone has the address, and both say so."""
        return (self.hosts[0].holds(self.vip) and not self.hosts[1].holds(self.vip)
                and self.daemons[0].state("web") == "master" and self.daemons[1].state("web") == "backup"
                and all(daemon.sessions_up() for daemon in self.daemons))

    def settle(self, timeout=30):
        try:
            wait_for(self.well, "the first director to be master", timeout=timeout)
        except TimeoutError as error:
            raise TimeoutError(f"{error}: {[(d.state('web'), d.has(self.vip)) for d in self.daemons]}\n"
                               + "\n".join(d.log_tail(30) for d in self.daemons)) from None

    def taken_over(self):
        return self.hosts[1].holds(self.vip) and self.daemons[1].state("web") == "master"


class Pair(Two):
    """Nothing but the two: no data plane, no servers."""

    def __init__(self, lab, router="router"):
        self.lab, self.router = lab, lab[router]
        self._meet(lab)

    def start(self, program, **options):
        """program: "plenum" or "keepalived", one on each; until the first is master and the second backup."""
        if program == "plenum":
            text = plenum_file(self, **options)
            self.daemons = [Vrrpd(host, text) for host in self.hosts]
        else:
            self.daemons = [Keepalived(host, keepalived_file(self, i, **options)) for i, host in enumerate(self.hosts)]
        for daemon in self.daemons:
            daemon.start()
        self.settle()
        return self

    # -- what may befall the first one --------------------------------------------------------
    @contextlib.contextmanager
    def cut_off(self):
        self.lab.unplug(self.hosts[0])
        try:
            yield
        finally:
            self.lab.plug(self.hosts[0])

    @contextlib.contextmanager
    def dumb(self):
        """It hears and is not heard: what it sends is lost at the switch."""
        self.lab.switch("nft", f"add table netdev dumb; add chain netdev dumb in {{ type filter hook ingress device "
                               f"{self.hosts[0].name}-{INTERFACE} priority 0; policy drop; }}")
        try:
            yield
        finally:
            self.lab.switch("nft", "delete", "table", "netdev", "dumb")

    @contextlib.contextmanager
    def frozen(self):
        self.daemons[0].freeze()
        try:
            yield
        finally:
            self.daemons[0].thaw()

    @contextlib.contextmanager
    def killed(self):
        self.daemons[0].kill()
        try:
            yield
        finally:
            self.daemons[0].start()

    @contextlib.contextmanager
    def stopped(self):
        self.daemons[0].stop()
        try:
            yield
        finally:
            self.daemons[0].start()
