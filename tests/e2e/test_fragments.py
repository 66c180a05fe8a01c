"""Datagrams in fragments: by every way, in any order, overlapping, in floods, and cut again on their way."""
import ipaddress
import json

import pytest

from lab.host import PYTHON, wait_for
from lab.peer import ECHO_PORT
from lab.tutorial import TUNNEL
from stage import FAMILIES, Stage

families = pytest.mark.parametrize("family", FAMILIES)

# Sends datagrams to the echo in fragments of its own making, and waits for the answer to each.
# orders: shuffled, or overlap (the second fragment begins 8 bytes early), or lost (the first is
# never sent). Prints how many were answered.
SENDER = r"""
import json, random, socket, sys
from scapy.all import Ether, IP, IPv6, IPv6ExtHdrFragment, Raw, UDP, getmacbyip, raw
address, port, order, count, size, step, mac, source = sys.argv[1:]
port, count, size, step = int(port), int(count), int(size), int(step)
six = ":" in address
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(("eth0", 0))
random.seed(7)
answered = 0
for number in range(count):
    s = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_DGRAM)
    s.bind((source, 0))
    s.settimeout(3 if order == "shuffled" else 1)
    message = f"{number} ".encode().ljust(size, b"f")
    udp = UDP(sport=s.getsockname()[1], dport=port) / Raw(message)
    ip = IPv6(src=source, dst=address) if six else IP(src=source, dst=address)
    whole = raw(ip / udp)[40 if six else 20:]
    parts = [(at, min(at + step, len(whole))) for at in range(0, len(whole), step)]
    if order == "overlap":
        parts[1] = (parts[1][0] - 8, parts[1][1])
    elif order == "lost":
        parts = parts[1:]
    else:
        random.shuffle(parts)
    for start, end in parts:
        more = end < len(whole)
        if six:
            packet = ip / IPv6ExtHdrFragment(nh=17, offset=start // 8, m=int(more), id=number + 1) / Raw(whole[start:end])
        else:
            packet = IP(src=source, dst=address, proto=17, id=number + 1, frag=start // 8,
                        flags="MF" if more else 0) / Raw(whole[start:end])
        out.send(raw(Ether(dst=mac) / packet))
    try:
        answer = s.recv(65535)
        answered += len(answer) == len(message) and message.endswith(answer[-100:])
    except TimeoutError:
        pass
print(json.dumps(answered))
"""

# Sends `count` first fragments, each of another datagram.
FLOOD = r"""
import socket, struct, sys
from scapy.all import Ether, IP, IPv6, IPv6ExtHdrFragment, Raw, UDP, raw
address, port, count, mac, source = sys.argv[1:]
six = ":" in address
out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
out.bind(("eth0", 0))
if six:
    frame = Ether(dst=mac) / IPv6(src=source, dst=address) / IPv6ExtHdrFragment(nh=17, m=1) / UDP(
        sport=9, dport=int(port), len=4000) / Raw(b"x" * 1000)
else:
    frame = Ether(dst=mac) / IP(src=source, dst=address, flags="MF") / UDP(
        sport=9, dport=int(port), len=4000) / Raw(b"x" * 1000)
frame = bytearray(raw(frame))
for number in range(int(count)):
    if six:
        struct.pack_into(">I", frame, 14 + 40 + 4, number)
    else:
        # The id and, one for one, the checksum of the header.
        struct.pack_into(">H", frame, 14 + 4, number & 0xffff)
        struct.pack_into(">H", frame, 14 + 10, 0)
        words = struct.unpack_from(">10H", frame, 14)
        total = sum(words)
        total = (total & 0xffff) + (total >> 16)
        total = (total & 0xffff) + (total >> 16)
        struct.pack_into(">H", frame, 14 + 10, total ^ 0xffff)
    out.send(frame)
"""


def sent(stage, family, order, count=10, size=8000, step=1200):
    """How many of `count` datagrams were answered."""
    client, router = stage.client.host, stage.lab["router"]
    done = client.run(PYTHON, "-c", SENDER, stage.vip(family), ECHO_PORT, order, count, size, step,
                      router.mac("eth0"), client.address(family), timeout=120)
    return json.loads(done.stdout)


def counted(stage, *names):
    drops = stage.director.drops()
    return sum(drops.get(name, 0) for name in names)


@pytest.fixture(scope="module", params=["nat", "dr", "tun", "gue", "gre-csum"])
def fragments(request, large):
    with Stage(request.param, large) as made:
        for family in FAMILIES:
            made.tutorial.service(family, ECHO_PORT, "-u", scheduler="rr")
            # In IPv6 the first datagram through a tunnel tells the client the path's MTU.
            made.client.udp(made.vip(family), count=3, size=8000, timeout=1)
        yield made


@families
@pytest.mark.parametrize("size", [1473, 8000, 60000])
def test_large_datagrams_are_answered(fragments, family, size):
    before = counted(fragments, "too_big_cut")
    result = fragments.client.udp(fragments.vip(family), count=12, size=size, timeout=5)
    assert result["failed"] == 0 and len(result["servers"]) == 3, (result, fragments.director.drops())
    # In IPv4 a fragment that fills the client's MTU leaves a tunnel no room; in IPv6 the client was told.
    if fragments.way in TUNNEL:
        assert (counted(fragments, "too_big_cut") > before) == (family == 4), fragments.director.drops()


@families
def test_fragments_in_any_order_are_put_behind_their_first(fragments, family):
    before = counted(fragments, "fragments_released")
    assert sent(fragments, family, "shuffled") == 10, fragments.director.drops()
    assert counted(fragments, "fragments_released") > before


@families
def test_overlapping_fragments_are_refused_and_counted(fragments, family):
    before = counted(fragments, "fragment_overlap")
    assert sent(fragments, family, "overlap", count=2) == 0
    # The overlapping fragment, and the five behind it.
    assert counted(fragments, "fragment_overlap") - before == 2 * 6, fragments.director.drops()


@families
def test_a_flood_of_first_fragments_stops_no_other_datagram(fragments, family):
    client = fragments.client.host
    for server in fragments.servers:
        # All of the flood goes to one, which keeps every first fragment of it for 30 seconds.
        server.sysctl(net__ipv4__ipfrag_high_thresh=1 << 28, net__ipv6__ip6frag_high_thresh=1 << 28)
    # Not the client's own address: the ids of the flood would be those of its datagrams.
    source = ipaddress.ip_address(client.address(family)) + 100
    client.run(PYTHON, "-c", FLOOD, fragments.vip(family), ECHO_PORT, 20000, fragments.lab["router"].mac("eth0"),
               source, timeout=120)
    result = fragments.client.udp(fragments.vip(family), count=12, size=8000, timeout=5)
    assert result["failed"] == 0, (result, fragments.director.drops())


@families
def test_datagrams_too_large_for_the_path_are_cut_for_direct_routing(family, large):
    with Stage("dr", large) as stage:
        stage.tutorial.service(family, ECHO_PORT, "-u", scheduler="rr")
        bits = 32 if family == 4 else 128
        for server in stage.servers:
            stage.lab["director"].ip("route", "add", f"{server.address(family)}/{bits}", "dev", "eth0", "mtu", "1300")
        # In IPv4 the director cuts; in IPv6 it tells the client, as every router.
        def answered():
            return stage.client.udp(stage.vip(family), count=6, size=8000, timeout=2)["failed"] == 0
        assert wait_for(answered, "datagrams of 8,000 bytes over an MTU of 1,300", timeout=20)
        assert (counted(stage, "fragments_cut") > 0) == (family == 4), stage.director.drops()


def test_without_the_daemon_fragments_in_order_are_served_and_others_are_counted(large):
    with Stage("nat", large) as stage:
        stage.tutorial.service(4, ECHO_PORT, "-u", scheduler="rr")
        assert stage.director.stop() == 0
        assert stage.client.udp(stage.vip(4), count=6, size=8000, timeout=3)["failed"] == 0
        assert sent(stage, 4, "lost", count=1) == 0
        stage.director.start()
        assert counted(stage, "fragment_unheld") == 6, stage.director.drops()
