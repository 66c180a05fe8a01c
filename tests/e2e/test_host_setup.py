"""`plenum realserver` and `plenum director` on real hosts: network namespaces of this module's
own, named hs-*. Their settings are per namespace; files go below a directory of the test."""
import contextlib
import json
import os
import pathlib
import subprocess

import pytest

from lab.host import wait_for

REPO = pathlib.Path(__file__).resolve().parents[2]
BIN = pathlib.Path(os.environ.get("PLENUM_BIN_DIR") or
                   pathlib.Path(os.environ.get("PLENUM_BUILD", REPO / "build")) / "bin")
PYTHON = "/usr/bin/python3"
VIP, VIP6 = "10.77.0.100", "fd77::100"

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="makes network namespaces: needs root")


def ip(*words):
    subprocess.run(["ip", *map(str, words)], check=True, capture_output=True, text=True)


class Host:
    """A namespace with lo and eth0 on the bridge of the network namespace hs-net."""

    def __init__(self, name, number, root):
        self.netns, self.number, self.root = f"hs-{name}", number, root
        self.address, self.address6 = f"10.77.0.{number}", f"fd77::{number}"
        self.mac = f"02:77:00:00:00:{number:02x}"
        root.mkdir()
        ip("netns", "add", self.netns)
        ip("link", "add", "eth0", "address", self.mac, "netns", self.netns, "type", "veth",
           "peer", "name", f"p{number}", "netns", "hs-net")
        ip("-n", "hs-net", "link", "set", f"p{number}", "master", "switch", "up")
        ip("-n", self.netns, "address", "add", f"{self.address}/24", "dev", "eth0")
        ip("-n", self.netns, "address", "add", f"{self.address6}/64", "dev", "eth0", "nodad")
        ip("-n", self.netns, "link", "set", "eth0", "up")
        ip("-n", self.netns, "link", "set", "lo", "up")

    def argv(self, *words):
        # nsenter, not `ip netns exec`: that has mounts of its own, which end with it.
        return ["nsenter", f"--net=/run/netns/{self.netns}", *map(str, words)]

    def run(self, *words, check=True):
        return subprocess.run(self.argv(*words), check=check, capture_output=True, text=True, timeout=60)

    def plenum(self, role, verb, *words, code=0):
        places = ["--root", self.root] + (["--bpf-dir", self.root / "bpf"] if role == "realserver" else [])
        done = self.run(BIN / "plenum", role, verb, *words, *places, check=False)
        assert done.returncode == code, f"ended with {done.returncode}: {done.stdout}{done.stderr}"
        return done.stdout

    def state(self):
        """All that a setup may change."""
        keys = ("arp_ignore", "arp_announce", "rp_filter", "send_redirects", "accept_redirects", "forwarding",
                "disable_ipv6", "accept_dad", "accept_ra")
        script = ("for k in " + " ".join(keys) + "; do grep -H . /proc/sys/net/ipv[46]/conf/*/$k 2>/dev/null; done; "
                  "cat /proc/sys/net/ipv4/ip_forward; ethtool -k eth0 | grep -E 'vlan|lro|gro'")
        links = json.loads(self.run("ip", "-j", "-d", "address").stdout)
        links = [{k: l.get(k) for k in ("ifname", "flags", "xdp")} |
                 {"addresses": [(a["local"], a["prefixlen"]) for a in l["addr_info"]]} for l in links]
        files = sorted(str(p) for p in self.root.rglob("*") if p.is_file() or p.is_symlink())
        return self.run("sh", "-c", script).stdout, links, files

    def linked(self):
        """The kernel sees to it a moment later."""
        link = json.loads(self.run("ip", "-j", "address", "show", "eth0").stdout)[0]
        return link["operstate"] == "UP" and any(a["scope"] == "link" for a in link["addr_info"])

    def sysctl(self, name, value):
        self.run("sh", "-c", f"echo {value} > /proc/sys/{name}")

    def read(self, name):
        return int(self.run("cat", f"/proc/sys/{name}").stdout)


@contextlib.contextmanager
def network(tmp_path, *names):
    hosts, namespaces = {}, ["hs-net"] + [f"hs-{name}" for name in names]
    try:
        ip("netns", "add", "hs-net")
        ip("-n", "hs-net", "link", "add", "name", "switch", "type", "bridge", "mcast_snooping", 0)
        ip("-n", "hs-net", "link", "set", "dev", "switch", "up")
        for number, name in enumerate(names, 1):
            hosts[name] = Host(name, number, tmp_path / name)
        for host in hosts.values():
            wait_for(host.linked, "the interface to have carrier and all of its addresses")
        yield hosts
    finally:
        for name in names:
            subprocess.run(["umount", tmp_path / name / "bpf"], capture_output=True)
        for name in namespaces:
            subprocess.run(["ip", "netns", "del", name], capture_output=True)


@pytest.fixture
def one(tmp_path):
    with network(tmp_path, "server") as hosts:
        yield hosts["server"]


@pytest.fixture
def three(tmp_path):
    with network(tmp_path, "director", "a", "b") as hosts:
        yield hosts["director"], hosts["a"], hosts["b"]


# -- real server ------------------------------------------------------------------------
@pytest.mark.parametrize("tunnel", ["none", "ipip", "ipip,gue:5555"])
def test_setup_check_and_undo(one, tunnel):
    one.sysctl("net/ipv4/conf/all/rp_filter", 1)
    before = one.state()
    assert f"VIP {VIP} is not on lo" in one.plenum("realserver", "check", "--vip", VIP, code=1)
    said = one.plenum("realserver", "setup", "--vip", VIP, "--vip", VIP6, "--tunnel", tunnel)
    assert "set net.ipv4.conf.all.arp_ignore 0 -> 1" in said
    assert f"added {VIP}/32 to lo" in said and f"added {VIP6}/128 to lo" in said
    assert ("decapsulation" in said) == (tunnel != "none")
    assert "nothing wrong" in one.plenum("realserver", "check")

    lo = json.loads(one.run("ip", "-j", "address", "show", "lo").stdout)[0]["addr_info"]
    mine = {a["local"]: a for a in lo}
    assert mine[VIP]["prefixlen"] == 32
    assert mine[VIP6]["prefixlen"] == 128 and mine[VIP6]["nodad"] and mine[VIP6]["deprecated"]
    assert "prog/xdp" in one.run("ip", "-d", "link", "show", "eth0").stdout or tunnel == "none"

    done = one.state()
    assert "nothing to change" in one.plenum("realserver", "setup", "--vip", VIP, "--vip", VIP6, "--tunnel", tunnel)
    assert one.state() == done
    one.plenum("realserver", "undo")
    assert one.state() == before
    assert not os.path.ismount(one.root / "bpf")
    assert "nothing was set up here" in one.plenum("realserver", "undo")
    assert one.state() == before


def test_a_second_setup_does_not_take_its_own_work_for_the_original(one):
    one.sysctl("net/ipv4/conf/all/arp_announce", 1)
    before = one.state()
    one.plenum("realserver", "setup", "--vip", VIP)
    one.sysctl("net/ipv4/conf/all/arp_announce", 0)
    one.plenum("realserver", "setup", "--vip", VIP)
    one.plenum("realserver", "undo")
    assert one.state() == before


@pytest.mark.parametrize("name,broken", [("arp_ignore", 0), ("arp_announce", 1)])
def test_check_names_the_broken_setting_and_its_command_mends_it(one, name, broken):
    one.plenum("realserver", "setup", "--vip", VIP)
    one.sysctl(f"net/ipv4/conf/all/{name}", broken)
    found = json.loads(one.plenum("realserver", "check", "--json", code=1))
    assert not found["ok"] and len(found["wrong"]) == 1
    assert found["wrong"][0]["what"].startswith(f"net.ipv4.conf.all.{name} is {broken}, must be ")
    mend = found["wrong"][0]["mend"].split()
    assert mend[:3] == ["plenum", "realserver", "setup"]
    one.plenum(*mend[1:])
    assert json.loads(one.plenum("realserver", "check", "--json"))["ok"]


def test_check_finds_a_vip_on_another_interface(one):
    one.plenum("realserver", "setup", "--vip", VIP)
    ip("-n", one.netns, "address", "add", f"{VIP}/24", "dev", "eth0")
    said = one.plenum("realserver", "check", code=1)
    assert f"VIP {VIP} is on eth0 too" in said and f"ip address del {VIP}/24 dev eth0" in said


def test_check_finds_a_lost_program(one):
    one.plenum("realserver", "setup", "--vip", VIP, "--tunnel", "ipip")
    for pin in (one.root / "bpf" / "realserver").glob("link-*"):
        pin.unlink()
    assert "the decapsulation program does not run on eth0" in one.plenum("realserver", "check", code=1)
    one.plenum("realserver", "setup", "--vip", VIP)
    assert "nothing wrong" in one.plenum("realserver", "check")


def test_vips_come_and_go_one_by_one(one):
    before = one.state()
    one.plenum("realserver", "setup", "--vip", VIP, "--tunnel", "ipip")
    one.plenum("realserver", "setup", "--vip", "10.77.0.101")
    unit = one.root / "etc/systemd/system/plenum-realserver.service"
    assert f"--vip {VIP} --vip 10.77.0.101 --interface eth0 --tunnel ipip" in unit.read_text()
    said = one.plenum("realserver", "undo", "--vip", VIP)
    assert f"removed {VIP}/32 from lo" in said and VIP + " " not in unit.read_text()
    assert "nothing wrong: ready for 10.77.0.101" in one.plenum("realserver", "check")
    one.plenum("realserver", "undo", "--vip", "10.77.0.101")
    assert one.state() == before


def test_what_survives_a_reboot(one):
    one.plenum("realserver", "setup", "--vip", VIP)
    settings = (one.root / "etc/sysctl.d/90-plenum-realserver.conf").read_text()
    assert "net.ipv4.conf.all.arp_ignore = 1\n" in settings and "net.ipv4.conf.lo.arp_announce = 2\n" in settings
    wants = one.root / "etc/systemd/system/multi-user.target.wants/plenum-realserver.service"
    assert os.readlink(wants) == "/etc/systemd/system/plenum-realserver.service"
    # The boot: settings by sysctl.d, then the unit's own command.
    ip("-n", one.netns, "address", "del", f"{VIP}/32", "dev", "lo")
    unit = (one.root / "etc/systemd/system/plenum-realserver.service").read_text()
    command = next(line for line in unit.splitlines() if line.startswith("ExecStart=")).partition("=")[2].split()
    one.run(*command, "--root", one.root)
    assert "nothing wrong" in one.plenum("realserver", "check")
    os.unlink(wants)
    assert "does not survive a reboot" in one.plenum("realserver", "check", code=1)


def test_no_persist_writes_nothing_in_etc(one):
    one.plenum("realserver", "setup", "--vip", VIP, "--no-persist")
    assert not (one.root / "etc").exists()
    assert "nothing wrong" in one.plenum("realserver", "check")


def test_another_xdp_program_is_not_pushed_aside(three, tmp_path):
    _, a, _ = three
    a.plenum("realserver", "setup", "--vip", VIP, "--tunnel", "ipip")
    other = tmp_path / "a" / "bpf" / "other"
    done = a.run(BIN / "plenum", "realserver", "setup", "--vip", VIP, "--tunnel", "ipip", "--root", tmp_path / "none",
                 "--bpf-dir", other, "--no-persist", check=False)
    assert done.returncode == 1 and "another XDP program runs there" in done.stderr


def test_usage_errors(one):
    for words in (["setup"], ["setup", "--vip", "no"], ["setup", "--vip", VIP, "--frob"], ["mend"]):
        one.plenum("realserver", *words, code=2)
    done = one.run(BIN / "plenum", "realserver", "setup", "--vip", VIP, "--interface", "eth9", "--root", one.root,
                   check=False)
    assert done.returncode == 1 and "there is no interface eth9" in done.stderr
    assert not (one.root / "etc").exists()


# -- decapsulation ----------------------------------------------------------------------
RECEIVER = r"""
import socket, sys
family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
s = socket.socket(family, socket.SOCK_DGRAM)
s.bind((sys.argv[1], 7777))
s.settimeout(10)
print("ready", flush=True)
data, peer = s.recvfrom(2048)
print(data.decode(), peer[0], peer[1], flush=True)
"""

SENDER = r"""
import sys
from scapy.all import Ether, IP, IPv6, Raw, UDP, sendp
kind, src, dst, mac, vip, client = sys.argv[1:]
inner = (IPv6(src=client, dst=vip) if ":" in vip else IP(src=client, dst=vip)) / UDP(sport=5000, dport=7777) / b"hello"
proto = 41 if ":" in vip else 4
if kind == "ipip":
    outer = IPv6(src=src, dst=dst, nh=proto) if ":" in dst else IP(src=src, dst=dst, proto=proto)
    packet = outer / Raw(bytes(inner))
else:
    outer = IPv6(src=src, dst=dst) if ":" in dst else IP(src=src, dst=dst)
    head = b"" if kind == "gue1" else bytes([0, proto, 0, 0])
    datagram = UDP(sport=40000, dport=6080) if kind != "gue-nocsum" else UDP(sport=40000, dport=6080, chksum=0)
    packet = outer / datagram / Raw(head + bytes(inner))
sendp(Ether(dst=mac) / packet, iface="eth0", verbose=False)
"""


@pytest.mark.parametrize("vip", [VIP, VIP6], ids=["inner4", "inner6"])
@pytest.mark.parametrize("outer6", [False, True], ids=["outer4", "outer6"])
@pytest.mark.parametrize("kind", ["ipip", "gue", "gue-nocsum", "gue1"])
def test_a_tunnelled_packet_reaches_the_socket_on_the_vip(three, kind, outer6, vip):
    director, server, _ = three
    server.plenum("realserver", "setup", "--vip", VIP, "--vip", VIP6, "--tunnel", "ipip,gue")
    # The client is far away: only a default route leads to it.
    ip("-n", server.netns, "route", "add", "default", "via", director.address)
    ip("-n", server.netns, "-6", "route", "add", "default", "via", director.address6)
    client = "2001:db8:c::7" if ":" in vip else "198.51.100.7"
    receiver = subprocess.Popen(server.argv(PYTHON, "-c", RECEIVER, vip), stdout=subprocess.PIPE, text=True)
    try:
        assert receiver.stdout.readline() == "ready\n"
        src, dst = (director.address6, server.address6) if outer6 else (director.address, server.address)
        director.run(PYTHON, "-c", SENDER, kind, src, dst, server.mac, vip, client)
        assert receiver.stdout.readline().split() == ["hello", client, "5000"]
    finally:
        receiver.kill()
        receiver.wait()
    packets = json.loads(server.plenum("realserver", "check", "--json"))["packets"]
    assert packets["ipip" if kind == "ipip" else "gue"] == 1


# -- director ---------------------------------------------------------------------------
def test_director_setup_check_and_undo(three):
    director, _, _ = three
    director.sysctl("net/ipv4/conf/all/rp_filter", 1)
    before = director.state()
    assert "net.ipv4.ip_forward is 0, must be 1" in director.plenum("director", "check", code=1)
    said = director.plenum("director", "setup", "--nat")
    assert "set net.ipv4.ip_forward 0 -> 1" in said and "turned rx-vlan-hw-parse of eth0 off" in said
    assert "nothing wrong" in director.plenum("director", "check")
    assert max(director.read("net/ipv4/conf/all/rp_filter"), director.read("net/ipv4/conf/eth0/rp_filter")) == 2
    assert "nothing to change" in director.plenum("director", "setup", "--nat")
    director.run("ethtool", "-K", "eth0", "rxvlan", "on")
    assert "rx-vlan-hw-parse of eth0 is on" in director.plenum("director", "check", code=1)
    director.plenum("director", "setup")
    director.plenum("director", "undo")
    assert director.state() == before


@pytest.mark.parametrize("vip,length", [(VIP, 24), (VIP6, 64)])
def test_director_check_tells_every_mac_that_answers_for_a_vip(three, vip, length):
    director, a, b = three
    director.plenum("director", "setup", "--no-persist")
    for server in (a, b):
        ip("-n", server.netns, "address", "add", f"{vip}/{length}", "dev", "eth0", "nodad" if ":" in vip else "noprefixroute")
    found = json.loads(director.plenum("director", "check", "--vip", vip, "--json", code=1))["wrong"]
    assert len(found) == 1
    assert found[0]["what"] == f"{vip} is answered by 2 machines on eth0: {a.mac}, {b.mac}"
    assert f"plenum realserver setup --vip {vip}" in found[0]["mend"]

    ip("-n", b.netns, "address", "del", f"{vip}/{length}", "dev", "eth0")
    assert "nothing wrong" in director.plenum("director", "check", "--vip", vip)
    ip("-n", a.netns, "address", "del", f"{vip}/{length}", "dev", "eth0")
    assert f"nobody answers for VIP {vip} on eth0" in director.plenum("director", "check", "--vip", vip, code=1)


def test_director_check_is_content_once_the_server_is_set_up(three):
    director, a, _ = three
    director.plenum("director", "setup", "--no-persist")
    ip("-n", director.netns, "address", "add", f"{VIP}/24", "dev", "eth0")
    # The classic mistake: the VIP on lo and nothing else.
    ip("-n", a.netns, "address", "add", f"{VIP}/32", "dev", "lo")
    said = director.plenum("director", "check", "--vip", VIP, code=1)
    assert f"{VIP} is answered by 2 machines on eth0: {director.mac} (this host, eth0), {a.mac}" in said
    a.plenum("realserver", "setup", "--vip", VIP)
    assert "nothing wrong" in director.plenum("director", "check", "--vip", VIP)


def test_director_check_speaks_of_the_way_to_the_servers(three):
    director, a, _ = three
    director.plenum("director", "setup", "--nat", "--no-persist")
    said = director.plenum("director", "check", "--server", a.address)
    assert f"server {a.address} must have {director.address} (eth0 of this host) as its gateway" in said
    assert "no route to server 203.0.113.9" in director.plenum("director", "check", "--server", "203.0.113.9", code=1)
