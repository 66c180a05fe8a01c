"""The lab itself, without a director: its networks reach what they should, carry XDP, and
go away without a trace. When these fail, look here before looking at the data plane."""
import os
import pathlib
import re
import subprocess

import pytest

from lab import servers
from lab.client import Client
from lab.host import PYTHON, environment
from lab.network import STATE_DIR, Lab

HERE = pathlib.Path(__file__).parent


@pytest.mark.parametrize("mode", ["nat", "dr", "tun"])
def test_every_host_reaches_its_gateway_and_the_director(mode):
    with Lab(mode) as lab:
        for host in lab.hosts.values():
            for family in (4, 6):
                for target in (lab["director"].address(family), lab["client"].address(family)):
                    if mode == "nat" and host.plan.role == "server" and target == lab["client"].address(family):
                        continue  # the way there is through the director's NAT
                    host.run("ping", "-c", "1", "-W", "2", target)


@pytest.mark.parametrize("family", [4, 6])
def test_plain_kernel_nat_balances_to_a_server(family, large):
    """The NAT network with the kernel's own DNAT in the director's place."""
    with Lab("nat") as lab:
        servers.start_all(lab, large[0])
        vip, director, server = lab.vip(family), lab["director"], lab["server2"].address(family)
        director.ip("addr", "add", f"{vip}/{lab.topology.subnet('front').bits(family)}", "dev", "eth0",
                    *(["nodad"] if family == 6 else []))
        table = "ip6" if family == 6 else "ip"
        rules = (f"add table {table} lab\n"
                 f"add chain {table} lab pre {{ type nat hook prerouting priority -100; }}\n"
                 f"add rule {table} lab pre {table} daddr {vip} tcp dport 80 dnat to {server}\n")
        director.run("nft", "-f", "-", stdin=rules)
        client = Client(lab["client"])
        result = client.http(vip, requests=100, concurrency=10)
        assert result["failed"] == 0 and result["servers"] == {"server2": 100}, result
        # No port serves twice: it would meet its old connection.
        again = client.http(vip, requests=100, concurrency=10)
        assert len({*result["ports"]["server2"], *again["ports"]["server2"]}) == 200, (result, again)
        assert client.download(vip)["sha256"] == large[1]
        assert servers.answered(lab["server2"]) == 201


def _attach(lab, tmp_path):
    program = tmp_path / "reflect.o"
    machine = os.uname().machine
    subprocess.run(["clang", "-target", "bpf", "-O2", "-g", "-idirafter", f"/usr/include/{machine}-linux-gnu",
                    "-c", HERE / "reflect.bpf.c", "-o", program], check=True)
    lab["director"].ip("link", "set", "dev", "eth0", "xdpdrv", "obj", str(program), "sec", "xdp")


def _echoed(lab, count=20):
    """How many of count datagrams to the director's port 9 come back with a right checksum."""
    code = ("import socket,sys\n"
            "s=socket.socket(socket.AF_INET,socket.SOCK_DGRAM); s.settimeout(0.3); got=0\n"
            "s.connect((sys.argv[1],9))\n"
            "for i in range(int(sys.argv[2])):\n"
            "  m=bytes([i])*1400; s.send(m)\n"
            "  try: got+=s.recv(2000)==m\n"
            "  except OSError: pass\n"
            "print(got)\n")
    host = lab["client"]
    return int(host.run("/usr/bin/python3", "-c", code, host.lab["director"].address(4), count).stdout)


def test_native_xdp_sends_frames_back_with_right_checksums(tmp_path):
    with Lab("dr") as lab:
        _attach(lab, tmp_path)
        assert _echoed(lab) == 20


def test_ports_with_gro_alone_hold_back_what_xdp_sends(tmp_path):
    """Why the switch's ports have a program: when this fails the kernel needs it no more."""
    with Lab("dr") as lab:
        _attach(lab, tmp_path)
        lab.switch("ip", "link", "set", "director-eth0", "xdpdrv", "off")
        lab.switch("ethtool", "-K", "director-eth0", "gro", "on")
        assert _echoed(lab) < 20


def test_bulk_tcp_arrives_through_an_xdp_program_that_passes(tmp_path, large):
    with Lab("dr") as lab:
        servers.start(lab["director"], large[0])
        _attach(lab, tmp_path)
        client = Client(lab["client"])
        assert client.download(lab["director"].address(4))["sha256"] == large[1]
        assert client.upload(lab["director"].address(4), large[0])["sha256"] == large[1]


def test_down_leaves_nothing_even_of_a_crashed_lab(large):
    lab = Lab("tun")
    try:
        lab.up()
        children = servers.start_all(lab, large[0])
        # Another process, knowing only the state file, takes it down.
        assert lab.id in [state["id"] for state in Lab.known()]
        Lab.load(lab.id).down()
        for child in children:
            assert child.wait(5) is not None
        assert not list(pathlib.Path("/run/netns").glob(f"plenum-{lab.id}-*"))
        assert not lab.directory.exists()
        assert str(lab.directory) not in pathlib.Path("/proc/self/mountinfo").read_text()
        assert not (STATE_DIR / f"{lab.id}.json").exists()
    finally:
        lab.down()


def test_a_pair_to_try_things_in_has_the_services_on_both():
    def command(*argv):
        return subprocess.run([PYTHON, "-m", "lab", *argv], cwd=HERE.parent.parent, env=environment(), check=True,
                              stdout=subprocess.PIPE, text=True).stdout
    name = re.match(r"lab (\S+):", command("up", "nat-pair"))[1]
    try:
        lists = [command("exec", "--lab", name, host, "--", "ipvsadm", "-Sn") for host in ("director", "director2")]
        assert lists[0] == lists[1] and lists[0].count("-A ") == 2
        assert "This is server" in command("exec", "--lab", name, "client", "--", "curl", "-s", "http://192.0.2.10/")
    finally:
        command("down", name)
