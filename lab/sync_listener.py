"""What a director tells others, as a program in a namespace that hears it:
python3 -m lab.sync_listener INTERFACE GROUP PORT CONNECTIONS

Joins the group, prints "ready", then a line of JSON for each datagram until they held so many connections:
syncid, version, bytes, connections, ttl. Reads the header only; ends with 1 after ten seconds without one.
"""
import ipaddress
import json
import socket
import struct
import sys

_IP_RECVTTL = 12  # of linux/in.h; the module has no name for it


def _join(interface, group, port):
    """A socket that hears the group and learns each datagram's hop limit."""
    index = socket.if_nametoindex(interface)
    if group.version == 4:
        heard = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        membership = struct.pack("=4s4si", group.packed, bytes(4), index)
        options = [(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership), (socket.IPPROTO_IP, _IP_RECVTTL, 1)]
    else:
        heard = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
        membership = group.packed + struct.pack("=i", index)
        options = [(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, membership),
                   (socket.IPPROTO_IPV6, socket.IPV6_RECVHOPLIMIT, 1)]
    heard.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    for option in options:
        heard.setsockopt(*option)
    heard.bind((str(group), port) if group.version == 4 else (str(group), port, 0, index))
    heard.settimeout(10)
    return heard


def main(interface, group, port, connections):
    heard = _join(interface, ipaddress.ip_address(group), int(port))
    print("ready", flush=True)
    told = 0
    while told < int(connections):
        try:
            data, control, _, _ = heard.recvmsg(65536, 256)
        except TimeoutError:
            return 1
        (ttl,) = struct.unpack("=i", control[0][2])
        _, syncid, _, count, version = struct.unpack(">BBHBB", data[:6])
        told += count
        print(json.dumps({"syncid": syncid, "version": version, "bytes": len(data), "connections": count, "ttl": ttl}),
              flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
