"""Connections in step between two directors: what one made goes on through the other."""
import pytest

from lab import servers
from lab.client import Client, endpoint
from lab.director import Director
from lab.host import wait_for
from lab.network import Lab
from lab.servers import HTTP_PORT
from lab.tutorial import Tutorial


class Pair:
    """Two directors with the same services; the first has the virtual address, and tells the second."""

    def __init__(self, way, large=None, options=("--syncid", "7"), files=("version: 1\n", "version: 1\n")):
        self.way, self.large, self.options, self.files = way, large, options, files
        self.lab = Lab(f"{way}-pair")

    def __enter__(self):
        self.lab.__enter__()
        try:
            if self.large:
                servers.start_all(self.lab, self.large[0])
            self.first, self.second = (Director(self.lab[name]) for name in ("director", "director2"))
            self.tutorials = [Tutorial(self.lab, d, self.way) for d in (self.first, self.second)]
            for director, file in zip((self.first, self.second), self.files):
                director.configure(file)
                director.start()
            self.tutorials[0].prepare()
            self.client = Client(self.lab["client"])
            if self.options is not None:
                for director, role in ((self.first, "master"), (self.second, "backup")):
                    director.ipvsadm("--start-daemon", role, "--mcast-interface", "eth0", *self.options)
            return self
        except BaseException:
            self.lab.down()
            raise

    def __exit__(self, *_):
        self.lab.down()

    def service(self, family=4, port=HTTP_PORT, protocol="-t", on=(0, 1)):
        for i in on:
            self.tutorials[i].service(family, port, protocol)

    def known(self, director):
        """{(client, virtual, server, state)} of the connections a director has."""
        rows = director.ipvsadm("-Lnc").stdout.splitlines()[2:]
        return {(row.split()[3], row.split()[4], row.split()[5], row.split()[2]) for row in rows}

    def count(self, director):
        return director.ask("status")["status"]["connections"]

    def sync(self, director):
        """{counter: value} of the one daemon a director has."""
        (daemon,) = director.ask("status")["status"]["sync"]
        return {c["name"]: c["value"] for c in daemon["counters"]}

    def take_over(self):
        """The first director dies with all its interfaces, the second takes its addresses."""
        self.first.kill()
        dead, heir = self.first.host, self.second.host
        for i in range(len(dead.plan.ports)):
            dead.ip("link", "set", f"eth{i}", "down")
        self.tutorials[1].vip_on_director(4)
        if self.way == "nat":  # the servers' gateway
            heir.ip("address", "add", f"{dead.address(4, 1)}/24", "dev", "eth1")
        # What gratuitous ARP does in a cluster.
        neighbours = [self.lab["router"], *self.lab.servers]
        for host in neighbours:
            host.ip("neighbour", "flush", "all")


@pytest.mark.parametrize("way", ["nat", "dr", "tun"])
def test_a_download_survives_the_masters_death(way, large):
    with Pair(way, large) as pair:
        pair.service()
        vip = endpoint(pair.lab.vip(4), HTTP_PORT)
        with pair.client.background("download", pair.lab.vip(4), path="/large?rate=20m") as download:
            def told():
                return {row for row in pair.known(pair.second) if row[1] == vip and row[3] == "ESTABLISHED"}
            (row,) = wait_for(told, "the second director to know the download")
            assert row in pair.known(pair.first)
            assert pair.second.ipvsadm("-Ln").stdout.split(row[2])[1].split()[2:4] == ["1", "0"], "counts as active"
            pair.take_over()
            result = download.result()
            assert result["sha256"] == pair.large[1], result
        # And ends there as it would have.
        wait_for(lambda: not told(), "the download's connection to close")
        assert pair.client.http(pair.lab.vip(4), requests=20)["failed"] == 0
