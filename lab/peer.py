"""What a real server of the lab runs beside nginx: an echo over TCP and UDP, and a sink
that answers an upload with its SHA-256. One process, thousands of connections.

Each address has a socket of its own, bound even before the host holds it (IP_FREEBIND):
an answer then leaves from the address that was asked, the VIP in DR and TUN, which UDP
would not do by itself.
"""
import asyncio
import hashlib
import resource
import socket
import sys

ECHO_PORT, SINK_PORT = 7007, 7009
_IP_FREEBIND, _IPV6_FREEBIND = 15, 78


def _socket(address, port, kind):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    s = socket.socket(family, kind)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if family == socket.AF_INET6:
        s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        s.setsockopt(socket.IPPROTO_IPV6, _IPV6_FREEBIND, 1)
    else:
        s.setsockopt(socket.IPPROTO_IP, _IP_FREEBIND, 1)
    s.setblocking(False)
    s.bind((address, port))
    return s


class EchoTcp(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


class EchoUdp(asyncio.DatagramProtocol):
    def __init__(self, name):
        self.name = name

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, address):
        # The first bytes tell who answered, the rest is what was sent; as long as what was sent,
        # so that it passes where that passed.
        self.transport.sendto((self.name + b" " + data)[:len(data)], address)


class Sink(asyncio.Protocol):
    """Reads until the client ends its half, then answers with the digest and ends its own."""

    def connection_made(self, transport):
        self.transport, self.digest = transport, hashlib.sha256()

    def data_received(self, data):
        self.digest.update(data)

    def eof_received(self):
        self.transport.write(self.digest.hexdigest().encode())
        self.transport.close()
        return True


async def main(name, addresses):
    loop = asyncio.get_running_loop()
    for address in addresses:
        for port, protocol in ((ECHO_PORT, EchoTcp), (SINK_PORT, Sink)):
            await loop.create_server(protocol, sock=_socket(address, port, socket.SOCK_STREAM), backlog=4096)
        udp = _socket(address, ECHO_PORT, socket.SOCK_DGRAM)
        udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        await loop.create_datagram_endpoint(lambda: EchoUdp(name.encode()), sock=udp)
    print("ready", flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(main(sys.argv[1], sys.argv[2:]))
