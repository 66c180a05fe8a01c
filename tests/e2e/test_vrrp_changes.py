"""What changes under a virtual router that runs: its file, its interface, what others take away, what it missed."""
import re
import subprocess
import time

import pytest

from lab.host import wait_for
from lab.program import Program
from lab.vrrpd import Vrrpd
from test_vrrp_host import VIP, AddressWatch, Sniffer, config, one


@pytest.fixture
def hosts(lab):
    return lab["director"], lab["director2"]


def pair(hosts, **keys):
    """A master and its backup."""
    daemons = [Vrrpd(host, one(priority, **keys)).start() for host, priority in zip(hosts, (150, 100))]
    for daemon, state in zip(daemons, ("master", "backup")):
        daemon.wait_state(state)
    return daemons


def test_directors_with_different_passwords_say_so(hosts):
    daemons = [Vrrpd(host, one(priority, keys=f"version: 2\npassword: {password}").replace("100ms", "1s")).start()
               for host, priority, password in zip(hosts, (150, 100), ("one", "two"))]
    for daemon, other in zip(daemons, reversed(hosts)):
        daemon.wait_state("master")
        wait_for(lambda: sum(r["count"] for r in daemon.router()["refused"]) >= 3, "three of them to be refused")
        (refused,) = daemon.router()["refused"]
        assert refused["address"] == other.address(4) and refused["why"] == "it has another password"
        assert "same password" in refused["mend"] and refused["seconds"] <= 2
        assert re.search(rf"^V: \d+ advertisements of {re.escape(other.address(4))} refused, the last \ds ago: "
                         "it has another password; give", daemon.plenum("vrrp", "status").stdout, re.M)
        events = [e for e in daemon.ask("events")["events"] if e["kind"] == "refused"]
        assert [e["neighbor"] for e in events] == [other.address(4)], "told once, however many there are"
        assert daemon.logged().count("are refused: it has another password") == 1
    # One password, one master, and nothing is refused any more.
    for daemon, priority in zip(daemons, (150, 100)):
        daemon.configure(one(priority, keys="version: 2\npassword: one").replace("100ms", "1s"))
        daemon.reload()
    daemons[1].wait_state("backup")
    assert daemons[0].router()["state"] == "master"
    errors = [daemon.router()["counters"]["authentication_errors"] for daemon in daemons]
    before = adverts_heard(daemons[1])
    wait_for(lambda: adverts_heard(daemons[1]) > before + 2, "its advertisements to be heard")
    assert [daemon.router()["counters"]["authentication_errors"] for daemon in daemons] == errors


def test_a_backup_that_was_in_fault_says_whom_it_follows_and_at_which_priority(hosts):
    first, second = pair(hosts)
    def follows(priority):
        master = second.router().get("master", {})
        return (master.get("address"), master.get("priority")) == (hosts[0].address(4), priority)
    wait_for(lambda: follows(150), "the master to be told")
    first.configure(one(140))
    first.reload()
    wait_for(lambda: follows(140), "its priority to be told")
    hosts[1].ip("link", "set", "eth0", "down")
    second.wait_state("fault")
    hosts[1].ip("link", "set", "eth0", "up")
    second.wait_state("backup")
    wait_for(lambda: follows(140), "the master to be told again")
    texts = [e["text"] for e in second.ask("events")["events"] if e["kind"] == "master"]
    assert texts[:2] == [f"{hosts[0].address(4)} is master, of priority 150",
                         f"{hosts[0].address(4)} has priority 140 now, was 150"]


def test_each_split_of_a_mastership_is_told_and_each_once(hosts):
    first, second = pair(hosts)
    def told():
        return [e["neighbor"] for e in first.ask("events")["events"] if e["kind"] == "lower"]
    for splits in (1, 2):
        # It hears nothing, and is heard.
        hosts[1].run("nft", "-f", "-", stdin="""table ip deaf {
  chain in { type filter hook input priority 0; ip protocol 112 drop; }
}""")
        second.wait_state("master")
        wait_for(lambda: len(told()) == splits, "the split to be told")
        before = first.router()["counters"]["lower_priority_received"]
        wait_for(lambda: first.router()["counters"]["lower_priority_received"] > before + 5, "it to go on")
        assert told() == [hosts[1].address(4)] * splits
        hosts[1].run("nft", "delete", "table", "ip", "deaf")
        second.wait_state("backup")
        wait_for(lambda: first.router()["other_master"]["seconds"] >= 1, "more than three intervals without it")
    assert first.router()["state"] == "master"


def test_warnings_last_as_long_as_what_they_warn_of(hosts):
    host, _ = hosts
    routes = "routes:\n- {to: 198.18.0.0/15, via: 192.0.2.1, dev: eth0, table: 77}\n"
    daemon = Vrrpd(host, one(keys=routes)).start()
    daemon.wait_state("master")
    # Each time what went and came back is in the log, and no warning.
    for times in (1, 2):
        host.ip("route", "del", "198.18.0.0/15", "table", "77")
        wait_for(lambda: daemon.logged().count("1 of its routes and rules were gone; they are back") == times,
                 "its route to be back")
    assert daemon.router()["warnings"] == []
    daemon.configure(one(keys=routes + "".join(f"- {{to: 203.0.113.{i}/32, via: 10.255.255.{i}, dev: eth0, table: {i}}}\n"
                                               for i in (78, 79))))
    daemon.reload()
    wait_for(lambda: len(daemon.router()["warnings"]) == 2, "both routes without a way to fail")
    failures = daemon.router()["warnings"]
    time.sleep(2.2)  # they are tried again every second
    assert daemon.router()["warnings"] == failures
    assert all(daemon.logged().count(failure) == 1 for failure in failures)
    # And what fails as a master is nothing for who gave up.
    with_other = Vrrpd(hosts[1], one(90)).start()
    daemon.plenum("vrrp", "failover", "V")
    with_other.wait_state("master")
    daemon.wait_state("backup")
    wait_for(lambda: daemon.router()["warnings"] == [], "the warnings to end")
    assert all(f"no more: {failure}" in daemon.logged() for failure in failures)


def test_addresses_that_somebody_takes_away_are_announced_once_each(hosts):
    host, other = hosts
    many = [f"192.0.2.{last}" for last in range(100, 130)]
    daemon = Vrrpd(host, one(addresses=", ".join(f"{address}/32" for address in many),
                             keys="announce: { repeat: 2, delay: 0, lower_delay: 0 }")).start()
    wait_for(lambda: daemon.router()["here"], "the addresses")
    for gone in (many[:1], many):
        sniffer = Sniffer(other, "arp", "and", "ether", "broadcast")
        host.run("ip", "-batch", "-", stdin="".join(f"address del {one}/32 dev eth0\n" for one in gone))
        wait_for(lambda: set(many) <= {address.split("/")[0] for address in carried(host)}, "them to be back")
        time.sleep(0.5)
        frames = [line for line in sniffer.end() if re.search(r" 192\.0\.2\.1[0-2]\d\b", line)]
        assert len(frames) == 2 * len(gone), "each address that was gone twice, as its `repeat` has it"
    assert daemon.logged().count("away; ") <= 1 + len(many), "each once at most"


def adverts_heard(daemon):
    return daemon.router()["counters"]["adverts_received"]


def test_another_group_is_spoken_and_heard_from_the_reload_on(hosts):
    first, second = pair(hosts)
    for daemon, priority in ((first, 150), (second, 100)):
        daemon.configure(one(priority, more="failover: { group4: 224.0.0.81 }\n"))
        daemon.reload()
    # Made anew, the two find to each other again.
    wait_for(lambda: second.router().get("master", {}).get("address") == hosts[0].address(4), "the master to be heard")
    second.wait_state("backup")
    first.wait_state("master")
    before = adverts_heard(second)
    wait_for(lambda: adverts_heard(second) > before + 5, "advertisements by the new group")
    assert second.router()["state"] == "backup"


def test_addresses_stay_while_their_router_becomes_another_one(hosts):
    daemon = Vrrpd(hosts[0], one()).start()
    daemon.wait_state("master")
    for text in (config({"V": (52, 100, f"{VIP}/24", "")}), one(keys="version: 2").replace("100ms", "1s"),
                 config({"V": (52, 100, f"{VIP}/24", "")}, "failover: { group4: 224.0.0.81 }\n")):
        watch = AddressWatch(hosts[0])
        daemon.configure(text)
        daemon.reload()
        daemon.wait_state("master")
        seen = watch.end()
        assert f" {VIP}/" not in seen, seen
    assert daemon.stop() == 0
    assert not daemon.has(VIP)


def test_an_interface_that_was_elsewhere_meanwhile_hears_again(lab, hosts):
    first, second = pair(hosts)
    # Each reload holds the socket once more, if none is given back.
    for priority in (101, 102, 103):
        second.configure(one(priority))
        second.reload()
        wait_for(lambda: second.router()["priority"] == priority, "the reload")
    host = second.host
    index = host.run("cat", "/sys/class/net/eth0/ifindex").stdout
    with Program(host, "unshare", "--net", "sh", "-c", "echo there; exec sleep 100") as elsewhere:
        host.ip("link", "set", "eth0", "netns", elsewhere.process.pid)
        second.wait_state("fault")
        subprocess.run(["nsenter", "--net", "--target", str(elsewhere.process.pid),
                        "ip", "link", "set", "eth0", "netns", lab.netns_name("director2")], check=True)
    assert host.run("cat", "/sys/class/net/eth0/ifindex").stdout == index, "the number is the same, as the test wants it"
    host.ip("address", "add", f"{host.address(4)}/24", "dev", "eth0")
    host.ip("link", "set", "eth0", "up")
    wait_for(lambda: second.router().get("master", {}).get("address") == hosts[0].address(4), "the master to be heard")
    second.wait_state("backup")
    assert first.router()["state"] == "master" and first.has(VIP) and not second.has(VIP)


def carried(host):
    """The IPv4 addresses on eth0."""
    return sorted(re.findall(r"inet (\S+)", host.ip("-4", "-o", "address", "show", "eth0").stdout))


def test_an_owners_address_is_its_interfaces_own_and_stays_whatever_happens(hosts, tmp_path):
    host, _ = hosts
    own, flag = host.address(4), tmp_path / "well"
    prefix = re.search(rf"inet ({re.escape(own)}/\d+)", host.ip("-4", "-o", "address", "show", "eth0").stdout)[1]
    before = carried(host)
    daemon = Vrrpd(host, one(255, addresses=f"{prefix}, {VIP}/24", keys="track: [{file: num}]", more=f"""failover:
  files: {{ num: {{ path: {flag}, weight: 0 }} }}
""")).start()
    daemon.wait_state("master")
    assert daemon.has(own) and daemon.has(VIP)
    # It may not take part: what it was given goes, what is its own does not.
    flag.write_text("1\n")
    daemon.wait_state("fault")
    wait_for(lambda: carried(host) == before, "the host to be as it was")
    flag.write_text("0\n")
    daemon.wait_state("master")
    host.ip("link", "set", "eth0", "down")
    daemon.wait_state("fault")
    host.ip("link", "set", "eth0", "up")
    daemon.wait_state("master")
    # Nor has a daemon that comes after a crash taken it for what the one before had put there.
    daemon.kill()
    daemon.start().wait_state("master")
    # And who is an owner no more does not take it along.
    daemon.configure(one(150, addresses="192.0.2.11/24"))
    daemon.reload()
    wait_for(lambda: daemon.has("192.0.2.11") and not daemon.has(VIP), "the new address")
    daemon.stop()
    assert carried(host) == before


def test_ipv6_with_a_virtual_mac_is_heard(hosts):
    first, second = (Vrrpd(host, one(priority, keys="vmac: true", addresses='"2001:db8:f::10/64"'))
                     for host, priority in zip(hosts, (150, 100)))
    for daemon in (first, second):
        daemon.start()
    first.wait_state("master")
    wait_for(lambda: second.router().get("master", {}).get("priority") == 150, "the master to be heard")
    second.wait_state("backup")
    assert first.router()["counters"]["send_errors"] == 0 and first.has("2001:db8:f::10", "vrrp6.51")


def test_what_went_while_too_much_happened_comes_back(hosts):
    host, _ = hosts
    daemon = Vrrpd(host, one()).start()
    daemon.wait_state("master")
    daemon.freeze()
    host.ip("address", "del", f"{VIP}/24", "dev", "eth0")
    # More than its netlink socket holds.
    host.ip("link", "add", "many", "type", "veth", "peer", "name", "others")
    for name in ("others", "many"):
        host.ip("link", "set", name, "up")
    batch = "".join(f"route add 198.18.{i >> 8}.{i & 255}/32 dev many\n" for i in range(60000 - 60000 % 256))
    host.run("ip", "-batch", "-", stdin=batch)
    daemon.thaw()
    wait_for(lambda: daemon.has(VIP), "the address to be back")


def test_a_virtual_route_or_rule_that_somebody_takes_away_comes_back(hosts):
    host, _ = hosts
    daemon = Vrrpd(host, one(keys="""routes: [{to: 198.18.0.0/15, via: 192.0.2.1, dev: eth0, table: 77}]
rules: [{from: 198.18.0.0/15, table: 77, priority: 1000}]""")).start()
    daemon.wait_state("master")
    def has():
        return ("198.18.0.0/15" in host.ip("route", "show", "table", "77", check=False).stdout and
                "from 198.18.0.0/15 lookup 77" in host.ip("rule").stdout)
    assert has()
    for what in (("route", "del", "198.18.0.0/15", "table", "77"), ("rule", "del", "priority", "1000")):
        host.ip(*what)
        wait_for(has, "what was taken away")
    # And goes for good when the router does.
    daemon.stop()
    assert not has()


def announced(lines, address):
    """When gratuitous ARP of an address came by, as a Sniffer's lines say."""
    return [float(line.split()[0]) for line in lines if f"who-has {address} (ff:ff:ff:ff:ff:ff) tell {address}" in line]


def test_a_distance_between_announcements_keeps_no_router_waiting_for_anothers_second_round(hosts):
    host, other = hosts
    keys = "announce: {repeat: 2, delay: 4s, interval: 100ms}"
    sniffer = Sniffer(other, "arp")
    daemon = Vrrpd(host, config({"V": (51, 100, f"{VIP}/24", keys), "W": (52, 100, "192.0.2.11/24", keys)})).start()
    for name in "VW":
        daemon.wait_state("master", name)
    time.sleep(1)  # of the second round nothing is there yet
    lines = sniffer.end()
    times = [announced(lines, address) for address in (VIP, "192.0.2.11")]
    assert [len(of_one) for of_one in times] == [2, 2], lines
    gaps = [b - a for a, b in zip(sorted(sum(times, [])), sorted(sum(times, []))[1:])]
    assert all(gap > 0.095 for gap in gaps), gaps


def test_a_refresh_begins_with_the_reload_that_asks_for_it_and_outlives_others(hosts):
    host, other = hosts
    daemon = Vrrpd(host, one(keys="announce: {repeat: 1, delay: 0s}")).start()
    daemon.wait_state("master")
    for addresses in (f"{VIP}/24", f"{VIP}/24, 192.0.2.11/24"):
        daemon.configure(one(keys="announce: {repeat: 1, delay: 0s, refresh: 1s}", addresses=addresses))
        daemon.reload()
        wait_for(lambda: all(daemon.has(a.split("/")[0]) for a in addresses.split(", ")), "the addresses")
        sniffer = Sniffer(other, "arp")
        time.sleep(3.5)
        assert len(announced(sniffer.end(), VIP)) >= 3


def test_a_virtual_mac_goes_along_to_another_interface_and_another_id(hosts):
    host, _ = hosts
    daemon = Vrrpd(host, one(keys="vmac: true\nvmac_interface: vm")).start()
    daemon.wait_state("master")
    assert daemon.has(VIP, "vm")
    host.ip("link", "add", "second", "type", "veth", "peer", "name", "third")
    host.ip("address", "add", "198.51.100.1/24", "dev", "second")
    for name in ("third", "second"):
        host.ip("link", "set", name, "up")

    def is_there(base, mac):
        link = host.ip("-o", "link", "show", "dev", "vm", check=False).stdout
        return f"vm@{base}:" in link and mac in link and daemon.has(VIP, "vm") and daemon.router()["state"] == "master"
    assert is_there("eth0", "00:00:5e:00:01:33")
    daemon.configure(one(keys="vmac: true\nvmac_interface: vm").replace("interface: eth0", "interface: second"))
    daemon.reload()
    wait_for(lambda: is_there("second", "00:00:5e:00:01:33"), "the macvlan and its address on the other interface")
    daemon.configure(config({"V": (52, 100, f"{VIP}/24", "vmac: true\nvmac_interface: vm")}))
    daemon.reload()
    wait_for(lambda: is_there("eth0", "00:00:5e:00:01:34"), "the other id's MAC")
    # And behind a crash as well.
    daemon.kill()
    daemon.configure(one(keys="vmac: true\nvmac_interface: vm"))
    daemon.start()
    wait_for(lambda: is_there("eth0", "00:00:5e:00:01:33"), "the macvlan to be made anew")
    # One that is somebody else's is let be.
    daemon.stop()
    host.ip("link", "add", "link", "eth0", "name", "vm", "address", "00:00:5e:00:01:77", "type", "macvlan")
    daemon.start()
    daemon.wait_state("fault")
    assert "another MAC" in daemon.router()["because"]
    assert "00:00:5e:00:01:77" in host.ip("link", "show", "dev", "vm").stdout


def test_advertisements_that_cannot_be_sent_are_told(hosts):
    host, _ = hosts
    daemon = Vrrpd(host, one()).start()
    daemon.wait_state("master")
    host.run("nft", "-f", "-", stdin="""table ip mute {
  chain out {
    type filter hook output priority 0
    ip protocol 112 drop
  }
}
""")
    told = wait_for(lambda: daemon.events("not-sent"), "the word of it")
    assert "cannot be sent: Operation not permitted" in told[0]["text"]
    assert any("cannot be sent" in line for line in daemon.router()["warnings"])
    host.run("nft", "delete", "table", "ip", "mute")
    told = wait_for(lambda: daemon.events("not-sent")[1:], "the word that it is over")
    assert "leave again" in told[0]["text"] and not daemon.router().get("warnings")
