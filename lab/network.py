"""A Lab: one topology made real, and taken away again without leaving anything.

Every subnet is a bridge in a namespace of its own ("switch"), every interface of a host
a veth pair whose other end is a port of that bridge. What the lab made is written to a
state file as it goes, so that another process can take it down after a crash.

XDP on veth needs four things, each found by trying it (tests/e2e/test_lab.py repeats it):
 - tx checksum offload off on the hosts' end: otherwise a packet carries only the sum of
   its pseudo header, and a program that moves or rewrites it sends out a wrong one;
 - the same on the switch's ports, because their GRO leaves merged segments with such
   half-done sums, and TSO off with it, so that a merged frame is cut to size again
   before an XDP program sees it;
 - an XDP program on the switch's ports, be it one that only passes. It gives them NAPI,
   which takes what a program at the other end sends. GRO gives them NAPI too, and then
   the kernel queues a frame sent by XDP_TX but wakes nobody to fetch it (veth_xdp_flush
   asks for a program): it arrives when some later frame does, which looks like loss;
 - GRO off on the hosts' end: hosts see the frames that were on the wire.
"""
import json
import os
import pathlib
import secrets
import shutil
import signal

from lab import pass_program, shell
from lab.host import Host, wait_for
from lab.topology import CLIENT_PORTS, TOPOLOGIES, VIP_NUMBER

STATE_DIR = pathlib.Path("/run/plenum-lab")
# Two queues, so that packets of different flows meet on two CPUs, as on a real NIC.
QUEUES = 2


class Lab:
    """with Lab("dr") as lab: lab["client"].run("ping", ...)."""

    def __init__(self, mode, mtu=1500):
        """mtu: of every link; change one link later by set_mtu()."""
        self.topology = TOPOLOGIES[mode]
        self.mode, self.mtu = mode, mtu
        self.id = mode + secrets.token_hex(2)
        self.directory = pathlib.Path(f"/tmp/plenum-lab-{self.id}")
        self.hosts = {plan.name: Host(self, plan) for plan in self.topology.hosts}

    def __enter__(self):
        try:
            return self.up()
        except BaseException:
            self.down()
            raise

    def __exit__(self, *_):
        self.down()

    def __getitem__(self, name):
        return self.hosts[name]

    @property
    def servers(self):
        return [h for h in self.hosts.values() if h.plan.role == "server"]

    def vip(self, family):
        return self.topology.subnet("front").address(family, VIP_NUMBER)

    def netns_name(self, host):
        return f"plenum-{self.id}-{host}"

    @property
    def bpffs(self):
        """A BPF file system of the lab's own: pins of labs side by side never meet."""
        return self.directory / "bpf"

    # -- making -------------------------------------------------------------------------
    def up(self):
        self.directory.mkdir(mode=0o700)
        self._save()
        self.bpffs.mkdir()
        shell.run("mount", "-t", "bpf", "bpf", self.bpffs)
        pass_program.pin(self.bpffs / "pass")
        for name in ["switch", *self.hosts]:
            shell.run("ip", "netns", "add", self.netns_name(name))
        # The switch is no host: without addresses of its own nobody hears of it.
        self.switch("sysctl", "-q", "-w", "net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")
        shell.run("ip", "-n", self.netns_name("switch"), "-batch", "-", stdin=self._bridges())
        for host in self.hosts.values():
            self._wire(host)
        for host in self.hosts.values():
            self._address(host)
        return self

    def _bridges(self):
        # No multicast snooping: it would hold back IPv6 neighbour discovery until a querier spoke.
        return "".join(f"link add {s.name} type bridge mcast_snooping 0\nlink set {s.name} up\n"
                       for s in self.topology.subnets)

    def _wire(self, host):
        switch = self.netns_name("switch")
        tune = []
        for i, port in enumerate(host.plan.ports):
            near, far = f"eth{i}", f"{host.name}-eth{i}"
            subnet = [s.name for s in self.topology.subnets].index(port.subnet)
            mac = f"02:00:00:00:{subnet:02x}:{port.number:02x}"
            queues = f"numrxqueues {QUEUES} numtxqueues {QUEUES}"
            shell.run("ip", "-n", switch, "-batch", "-", stdin=(
                f"link add {far} mtu {self.mtu} {queues} type veth"
                f" peer name {near} netns {host.netns} address {mac} mtu {self.mtu} {queues}\n"
                f"link set {far} master {port.subnet}\nlink set {far} up\n"
                f"link set {far} xdpdrv pinned {self.bpffs}/pass\n"))
            tune.append(f"ethtool -K {near} tx off rx off tso off gso off gro off sg off")
            self.switch("ethtool", "-K", far, "tx", "off", "tso", "off", "gro", "on")
        host.run("sh", "-ec", "\n".join(tune))

    def _address(self, host):
        subnet = self.topology.subnet
        # An address must be usable at once: no duplicate address detection, no autoconfiguration.
        knobs = [f"net.ipv6.conf.{where}.{what}=0" for where in ("all", "default")
                 for what in ("accept_dad", "accept_ra")]
        if host.plan.role in ("router", "director"):
            knobs += ["net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1",
                      # A router that tells hosts a shorter way would take the director out of it.
                      "net.ipv4.conf.all.send_redirects=0", "net.ipv4.conf.default.send_redirects=0"]
        # What every kernel allows in a namespace, whatever this machine has for a default. BBR takes the losses of an outage for a link of 40 kbit/s now
        # and then, and paces a download by that for a minute that a director's death had held up for 80 ms.
        knobs.append("net.ipv4.tcp_congestion_control=reno")
        if host.plan.role == "client":
            # Many ports: in DR and TUN a port that is used again within two minutes meets the old
            # connection's entry and goes to its server, as with IPVS. The kernel counts up from a place
            # that it draws anew every ten seconds, and may come by where it was: what must not
            # happen twice uses the ports left out here.
            knobs.append(f"net.ipv4.ip_local_port_range={CLIENT_PORTS.stop} 65535")
        links, routes = ["link set lo up"], {4: [], 6: []}
        for i, port in enumerate(host.plan.ports):
            net = subnet(port.subnet)
            knobs.append(f"net.ipv6.conf.eth{i}.accept_dad=0")
            links.append(f"addr add {net.address(4, port.number)}/{net.bits(4)} dev eth{i}")
            links.append(f"addr add {net.address(6, port.number)}/{net.bits(6)} dev eth{i} nodad")
            links.append(f"link set eth{i} up")
        for family, batch in routes.items():
            if host.plan.gateway:
                name, number = host.plan.gateway
                batch.append(f"route add default via {subnet(name).address(family, number)}")
            for to, name, number in host.plan.routes:
                batch.append(f"route add {subnet(to).prefix(family)} via {subnet(name).address(family, number)}")
        host.run("sysctl", "-q", "-w", *knobs)
        for family, batch in ((0, links), (4, routes[4]), (6, routes[6])):
            if batch:
                shell.run("ip", "-n", host.netns, *([f"-{family}"] if family else []), "-batch", "-",
                          stdin="\n".join(batch) + "\n")

    def switch(self, *argv, **options):
        """Runs a command where the bridges are."""
        return shell.run("ip", "netns", "exec", self.netns_name("switch"), *argv, **options)

    def unplug(self, host, port=0):
        """A host's port leaves its switch: silence, both ends of the cable up."""
        self.switch("ip", "link", "set", f"{host.name}-eth{port}", "nomaster")

    def plug(self, host, port=0):
        self.switch("ip", "link", "set", f"{host.name}-eth{port}", "master", host.plan.ports[port].subnet)

    def set_mtu(self, host, interface, mtu):
        """Both ends of one link. A bridge forwards a frame only to ports whose MTU it fits."""
        self.switch("ip", "link", "set", f"{host}-{interface}", "mtu", mtu)
        self.hosts[host].ip("link", "set", interface, "mtu", str(mtu))

    # -- state --------------------------------------------------------------------------
    def _state_path(self):
        return STATE_DIR / f"{self.id}.json"

    def _save(self):
        STATE_DIR.mkdir(exist_ok=True)
        state = {"id": self.id, "mode": self.mode, "mtu": self.mtu, "pid": os.getpid(),
                 "run": os.environ.get("PLENUM_TEST_RUN", "")}
        self._state_path().write_text(json.dumps(state))

    @classmethod
    def load(cls, lab_id):
        """The lab another process made."""
        state = json.loads((STATE_DIR / f"{lab_id}.json").read_text())
        lab = cls(state["mode"], state["mtu"])
        lab.id = state["id"]
        lab.directory = pathlib.Path(f"/tmp/plenum-lab-{lab.id}")
        for host in lab.hosts.values():
            host.netns = lab.netns_name(host.name)
        return lab

    @staticmethod
    def known():
        """The state of every lab that is up or that crashed before it was taken down."""
        return [json.loads(p.read_text()) for p in sorted(STATE_DIR.glob("*.json"))] if STATE_DIR.is_dir() else []

    # -- taking away --------------------------------------------------------------------
    def down(self):
        """Removes all of it: programs, pins, namespaces, files. Works on half a lab too."""
        mine = [f"plenum-{self.id}-{name}" for name in [*self.hosts, "switch"]]
        there = {p.name for p in pathlib.Path("/run/netns").glob(f"plenum-{self.id}-*")}
        names = [n for n in mine if n in there] + sorted(there - set(mine))
        self._end_programs(names)
        # Links first: a namespace may outlive its name by the sockets in it, and would keep them.
        if self.netns_name("switch") in names:
            for s in self.topology.subnets:
                shell.run("ip", "-n", self.netns_name("switch"), "link", "del", s.name, check=False)
            shell.run("sh", "-c", f"for d in $(ip -n {self.netns_name('switch')} -o link show type veth |"
                      " sed 's/^[0-9]*: //; s/@.*//'); do"
                      f" ip -n {self.netns_name('switch')} link del $d; done", check=False)
        for name in names:
            shell.run("ip", "netns", "del", name, check=False)
        if os.path.ismount(self.bpffs):
            shell.run("umount", self.bpffs, check=False)
            if os.path.ismount(self.bpffs):
                shell.run("umount", "-l", self.bpffs, check=False)
        shutil.rmtree(self.directory, ignore_errors=True)
        self._state_path().unlink(missing_ok=True)

    @staticmethod
    def _end_programs(namespaces):
        def living():
            pids = []
            for name in namespaces:
                pids += [int(p) for p in shell.run("ip", "netns", "pids", name, check=False).stdout.split()]
            return [p for p in pids if not _zombie(p)]

        for sig, grace in ((signal.SIGTERM, 3), (signal.SIGKILL, 5)):
            for pid in living():
                try:
                    os.kill(pid, sig)
                except ProcessLookupError:
                    pass
            try:
                wait_for(lambda: not living(), "programs to end", timeout=grace)
                return
            except TimeoutError:
                continue


def _zombie(pid):
    try:
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z"
    except (OSError, IndexError):
        return True
