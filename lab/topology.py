"""The lab's networks as data: who stands where, and by which way packets go. Makes nothing.

Only addresses reserved for documentation are used (RFC 5737, RFC 3849), and only inside
the lab's own namespaces. In every network the virtual address is host 10 of the front net.
"""
import dataclasses


@dataclasses.dataclass(frozen=True)
class Subnet:
    """One Ethernet segment. Host n is v4 + n in IPv4 and v6 + n (decimal digits) in IPv6."""
    name: str
    v4: str
    v4_bits: int
    v4_base: int
    v6: str

    def address(self, family, number):
        if family == 4:
            return f"{self.v4}{self.v4_base + number}"
        return f"{self.v6}{number}"

    def prefix(self, family):
        return f"{self.v4}{self.v4_base}/{self.v4_bits}" if family == 4 else f"{self.v6}/64"

    def bits(self, family):
        return self.v4_bits if family == 4 else 64


@dataclasses.dataclass(frozen=True)
class Port:
    """An interface of a host: eth0 is the first of its list, eth1 the second."""
    subnet: str
    number: int


@dataclasses.dataclass(frozen=True)
class HostPlan:
    name: str
    role: str                 # client, router, director or server
    ports: tuple
    gateway: tuple = ()       # (subnet, number) of the default route's next hop
    routes: tuple = ()        # (destination subnet, via subnet, via number)


@dataclasses.dataclass(frozen=True)
class Topology:
    mode: str                 # the forwarding method it is made for: nat, dr or tun
    about: str
    subnets: tuple
    hosts: tuple

    def subnet(self, name):
        return next(s for s in self.subnets if s.name == name)


CLIENTS = Subnet("clients", "203.0.113.", 25, 0, "2001:db8:c::")
TRANSIT = Subnet("transit", "203.0.113.", 25, 128, "2001:db8:7::")
FRONT = Subnet("front", "192.0.2.", 24, 0, "2001:db8:f::")
BACK = Subnet("back", "198.51.100.", 24, 0, "2001:db8:b::")

VIP_NUMBER = 10
# A client's ports that its kernel does not pick by itself: lab/client.py gives each out once.
CLIENT_PORTS = range(1024, 16384)
_CLIENT = HostPlan("client", "client", (Port("clients", 9),), ("clients", 1))


def _servers(subnet, gateway):
    return tuple(HostPlan(f"server{i}", "server", (Port(subnet, 10 + i),), (subnet, gateway)) for i in (1, 2, 3))


TOPOLOGIES = {
    "nat": Topology(
        "nat", "client - router - director - servers: two subnets, the director is the servers' gateway",
        (CLIENTS, FRONT, BACK),
        (_CLIENT,
         HostPlan("router", "router", (Port("clients", 1), Port("front", 1))),
         HostPlan("director", "director", (Port("front", 2), Port("back", 1)), ("front", 1)))
        + _servers("back", 1)),
    "dr": Topology(
        "dr", "client - router - one subnet with the director and the servers, which answer the client directly",
        (CLIENTS, FRONT),
        (_CLIENT,
         HostPlan("router", "router", (Port("clients", 1), Port("front", 1))),
         HostPlan("director", "director", (Port("front", 2),), ("front", 1)))
        + _servers("front", 1)),
    "tun": Topology(
        "tun", "client - router - director; the servers stand at another site behind a second router",
        (CLIENTS, FRONT, TRANSIT, BACK),
        (_CLIENT,
         HostPlan("router", "router", (Port("clients", 1), Port("front", 1), Port("transit", 1)),
                  routes=(("back", "transit", 2),)),
         HostPlan("site", "router", (Port("transit", 2), Port("back", 1)), ("transit", 1)),
         HostPlan("director", "director", (Port("front", 2),), ("front", 1)))
        + _servers("back", 1)),
}


def _with_second_director(plain):
    """The same network with another director beside the first, on every subnet the first is on."""
    first = next(h for h in plain.hosts if h.role == "director")
    ports = tuple(Port(p.subnet, p.number + 2) for p in first.ports)
    second = dataclasses.replace(first, name="director2", ports=ports)
    return dataclasses.replace(plain, about=plain.about + "; a second director stands by", hosts=plain.hosts + (second,))


TOPOLOGIES |= {f"{mode}-pair": _with_second_director(plain) for mode, plain in list(TOPOLOGIES.items())}
