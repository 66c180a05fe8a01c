"""Many flows at once, as frames written straight to an interface: python3 -m lab.flows INTERFACE
NEXT_HOP_MAC SOURCE ADDRESS PORT COUNT [ROUNDS]. Sends ROUNDS small UDP datagrams of each of COUNT flows,
round by round; a flow is a source address (from SOURCE on, 10,000 flows each) and a source port.

Prints one line of JSON: the time of the last one (CLOCK_MONOTONIC) and how many the kernel took.
"""
import ipaddress
import json
import pathlib
import socket
import struct
import sys
import time

from lab.checksum import checksum

FLOWS_PER_ADDRESS = 10_000
FIRST_PORT = 20_000
_PAYLOAD = b"flow"


def _frame(link, source, source_port, address, port):
    udp = struct.pack(">HHHH", source_port, port, 8 + len(_PAYLOAD), 0) + _PAYLOAD  # without a checksum
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0x4000, 64, 17, 0, source.packed, address.packed)
    head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
    return link + head + udp


def main(interface, next_hop, source, address, port, count, rounds=1):
    own = pathlib.Path(f"/sys/class/net/{interface}/address").read_text().strip()
    link = bytes.fromhex(next_hop.replace(":", "")) + bytes.fromhex(own.replace(":", "")) + b"\x08\x00"
    address = ipaddress.IPv4Address(address)
    frames = [_frame(link, ipaddress.IPv4Address(source) + i // FLOWS_PER_ADDRESS, FIRST_PORT + i % FLOWS_PER_ADDRESS,
                     address, int(port)) for i in range(int(count))]
    taken = 0
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as out:
        out.bind((interface, 0))
        send = out.send
        for _ in range(int(rounds)):
            for frame in frames:
                send(frame)
                taken += 1
    print(json.dumps({"at": time.monotonic(), "frames": taken}))


if __name__ == "__main__":
    main(*sys.argv[1:])
