"""`accept: false`: a master that does not own its addresses takes no packets for them; services on them work."""
from lab.client import Client
from lab.cluster import Cluster
from lab.host import wait_for
from lab.vrrpd import Vrrpd

VIP, VIP6, LINK_VIP = "192.0.2.10", "2001:db8:f::10", "fe80::10"
NOBODYS_PORT = 9


def config(accept, vips=((51, f"{VIP}/24"),), priority=100):
    text = "version: 1\nvips:\n"
    for vrid, addresses in vips:
        text += (f"  v{vrid}:\n    addresses: [{addresses}]\n    vrrp: {{ id: {vrid}, interface: eth0, advert: 100ms, "
                 f"priority: {priority}, accept: {accept} }}\n")
    return text


def ping(host, address):
    return host.run("ping", "-c", "3", "-i", "0.2", "-W", "1", address, check=False).returncode == 0


def connect(host, address, port=NOBODYS_PORT):
    """What becomes of a connection to a port where nobody listens. "ECONNREFUSED": the host answers; "timeout": nobody."""
    return Client(host).connect(address, port, timeout=1)


def tables(host):
    return [line for line in host.run("nft", "list", "tables").stdout.splitlines() if "plenum-vrrpd" in line]


def rules(host):
    return host.run("nft", "list", "ruleset").stdout


def test_packets_for_the_host_are_refused_and_services_work(large):
    with Cluster("dr", large, vip="accept: false") as cluster:
        (first, second), near = cluster.hosts, cluster.lab["router"]

        def refuses(host):
            assert not ping(near, cluster.vip)
            assert connect(near, cluster.vip) == "timeout"
            assert ping(near, host.address(4)), "its own address goes on"
            result = cluster.client.http(cluster.vip, requests=30)
            assert result["failed"] == 0 and len(result["servers"]) == len(cluster.lab.servers), result

        refuses(first)
        assert len(tables(first)) == 1 and cluster.vip in rules(first)
        assert tables(second) == [], "a backup has nothing to refuse"
        cluster.daemons[0].plenum("vrrp", "failover", "web")
        wait_for(cluster.taken_over, "the second director to take over")
        refuses(second)
        wait_for(lambda: tables(first) == [], "the first one's table to go with the address")
        cluster.daemons[0].plenum("vrrp", "failback", "web")
        cluster.settle()
        # Taken, refused again: by a reload, while the address stays.
        path = cluster.directors[0].config
        text = path.read_text()
        assert "accept: false" in text
        path.write_text(text.replace("accept: false", "accept: true"))
        cluster.daemons[0].reload()
        wait_for(lambda: ping(near, cluster.vip), "an answer")
        assert connect(near, cluster.vip) == "ECONNREFUSED"
        assert tables(first) == []
        path.write_text(text)
        cluster.daemons[0].reload()
        wait_for(lambda: tables(first), "the table")
        refuses(first)


def test_nothing_is_taken_for_a_moment_after_a_crash_and_nothing_stays_behind_the_end(lab):
    near, daemon = lab["router"], Vrrpd(lab["director"], config("false")).start()
    daemon.wait_state("master")
    host = daemon.host
    assert not ping(near, VIP)
    before = rules(host)
    assert len(tables(host)) == 1 and before.count(VIP) == 1
    daemon.kill()
    assert daemon.has(VIP) and rules(host) == before, "as the address does, it stays"
    daemon.start().wait_state("master")
    wait_for(lambda: rules(host).replace(" 0 bytes 0", "").count(VIP) == 1, "the table of the next one")
    assert len(tables(host)) == 1
    assert not ping(near, VIP)
    # Whoever begins anew with the rules of this host.
    host.run("nft", "flush", "ruleset")
    wait_for(lambda: len(tables(host)) == 1 and VIP in rules(host), "the table to be back")
    assert not ping(near, VIP)
    assert daemon.stop() == 0
    assert rules(host) == "" and not daemon.has(VIP)
    # Left by a crash, and of no use to the next file.
    daemon.start().wait_state("master")
    daemon.kill()
    daemon.configure(config("true"))
    assert len(tables(host)) == 1
    daemon.start().wait_state("master")
    wait_for(lambda: tables(host) == [], "what was left to go")
    assert ping(near, VIP)
    assert daemon.stop() == 0
    assert rules(host) == ""


def test_ipv6_is_refused_and_neighbours_are_told(lab):
    near = lab["router"]
    daemon = Vrrpd(lab["director"], config("false", vips=((51, f'"{LINK_VIP}/64", "{VIP6}/64", "{VIP}/24"'),
                                                          (52, '"2001:db8:f::20/64"')))).start()
    for name in ("v51", "v52"):
        daemon.wait_state("master", name)
    host = daemon.host
    for address, scope in ((VIP, ""), (VIP6, ""), ("2001:db8:f::20", ""), (LINK_VIP, "%eth1")):
        assert not ping(near, address + scope), address
        shown = near.ip("neigh", "show", address, "dev", "eth1").stdout
        assert host.mac() in shown, f"{address} is on the link: {shown}"
    assert LINK_VIP in rules(host) and '. "eth0"' in rules(host)
    # Another link's address of the same number is another one.
    daemon.configure(config("true", vips=((51, f'"{LINK_VIP}/64", "{VIP6}/64", "{VIP}/24"'),))
                     + config("false", vips=((52, '"2001:db8:f::20/64"'),)).partition("vips:\n")[2])
    daemon.reload()
    for address, scope in ((VIP, ""), (VIP6, ""), (LINK_VIP, "%eth1")):
        wait_for(lambda where=address + scope: ping(near, where), f"an answer of {address}")
    assert not ping(near, "2001:db8:f::20")
    assert [line.split()[1] for line in tables(host)] == ["ip6"]


def test_whose_own_the_addresses_are_takes_packets_for_them(lab):
    host = lab["director"]
    host.ip("address", "add", f"{VIP}/24", "dev", "eth0")
    daemon = Vrrpd(host, config("false", priority=255)).start()
    daemon.wait_state("master")
    assert ping(lab["router"], VIP) and tables(host) == []
