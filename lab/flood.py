"""A flood from addresses nobody has: TCP SYNs or UDP datagrams to one address and port, as fast as
one CPU of this machine makes them. The kernel itself sends each frame (BPF_PROG_TEST_RUN with live
frames), made fresh by lab/flood.bpf.c.

Run in the namespace the flood comes from, as
`python3 -m lab.flood PIN INTERFACE MAC ADDRESS:PORT tcp|udp FRAMES`; prints one JSON object.
"""
import ctypes
import json
import os
import pathlib
import socket
import struct
import subprocess
import sys
import time

from lab.bpf import bpf
from lab.checksum import checksum
from lab.host import PYTHON

_OBJ_GET, _PROG_TEST_RUN, _LIVE_FRAMES = 7, 10, 2
_ROUND = 20_000
SOURCE = pathlib.Path(__file__).with_name("flood.bpf.c")


class Flood:
    """Prepared once a lab: the program, compiled and pinned in the lab's own BPF file system."""

    def __init__(self, lab):
        self.lab, self.pin = lab, lab.bpffs / "flood"
        compiled = lab.directory / "flood.o"
        subprocess.run(["clang", "-target", "bpf", "-mcpu=v3", "-O2", "-g", "-idirafter",
                        f"/usr/include/{os.uname().machine}-linux-gnu", "-c", SOURCE, "-o", compiled], check=True)
        subprocess.run(["/usr/sbin/bpftool", "prog", "load", compiled, self.pin, "type", "xdp"], check=True)

    def start(self, host, interface, mac, target, protocol, frames):
        """From that host, at a station of its subnet. A process; finish() tells how long it took."""
        return host.popen(PYTHON, "-m", "lab.flood", self.pin, interface, mac, target, protocol, frames,
                          stdout=subprocess.PIPE)

    @staticmethod
    def finish(process):
        out, _ = process.communicate(timeout=120)
        return json.loads(out)


def frame(source_mac, mac, address, port, protocol):
    """The first of them, from 10.0.0.1 port 4."""
    to, source = socket.inet_aton(address), socket.inet_aton("10.0.0.1")
    if protocol == "tcp":
        number = 6
        # seq, ack, 5 words, SYN, window, checksum, urgent
        segment = bytearray(struct.pack("!HHIIBBHHH", 4, port, 1, 0, 5 << 4, 2, 65535, 0, 0))
        at = 16
    else:
        number = 17
        segment = bytearray(struct.pack("!HHHH", 4, port, 16, 0) + b"made up!")
        at = 6
    pseudo = source + to + struct.pack("!BBH", 0, number, len(segment))
    struct.pack_into("!H", segment, at, checksum(pseudo + segment))
    ip = bytearray(struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(segment), 0, 0x4000, 64, number, 0, source, to))
    struct.pack_into("!H", ip, 10, checksum(ip))
    return bytes.fromhex(mac.replace(":", "")) + source_mac + b"\x08\x00" + bytes(ip) + bytes(segment)


def send(pin, interface, data, frames):
    """At least so many live frames. How many it were."""
    path, packet = ctypes.create_string_buffer(os.fsencode(pin)), ctypes.create_string_buffer(data, len(data))
    program = bpf(_OBJ_GET, struct.pack("=QI", ctypes.addressof(path), 0))
    # struct xdp_md: data, data_end, data_meta, ingress_ifindex, rx_queue_index, egress_ifindex
    context = ctypes.create_string_buffer(struct.pack("=6I", 0, len(data), 0, socket.if_nametoindex(interface), 0, 0))
    # union bpf_attr for BPF_PROG_TEST_RUN: fd, retval, sizes in and out, data in and out, repeat, duration,
    # context sizes in and out, context in and out, flags, cpu, batch size
    attributes = struct.pack("=IIIIQQIIIIQQIII", program, 0, len(data), 0, ctypes.addressof(packet), 0, _ROUND, 0,
                             24, 0, ctypes.addressof(context), 0, _LIVE_FRAMES, 0, 64)
    sent = 0
    while sent < frames:
        bpf(_PROG_TEST_RUN, attributes)
        sent += _ROUND
    os.close(program)
    return sent


def main():
    pin, interface, mac, target, protocol, frames = sys.argv[1:]
    address, port = target.rsplit(":", 1)
    source = bytes.fromhex(pathlib.Path(f"/sys/class/net/{interface}/address").read_text().strip().replace(":", ""))
    begin = time.monotonic()
    sent = send(pin, interface, frame(source, mac, address, int(port), protocol), int(frames))
    print(json.dumps({"sent": sent, "seconds": round(time.monotonic() - begin, 3)}))


if __name__ == "__main__":
    main()
