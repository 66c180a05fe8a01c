"""BFD with others at the other end, bird and FRRouting, and what its end means to a virtual router."""
import pytest

from lab.bird import Bird
from lab.frr import Frr
from lab.host import wait_for
from lab.vrrpd import Vrrpd

VIP = "192.0.2.10"


def config(neighbor, keys=""):
    return f"version: 1\nbfd:\n  peer: {{ address: \"{neighbor}\", transmit: 40ms, receive: 40ms, multiplier: 5{keys} }}\n"


@pytest.mark.parametrize("keys", ["", ", passive: true"], ids=["active", "passive"])
@pytest.mark.parametrize("family", [4, 6])
@pytest.mark.parametrize("kind", [Bird, Frr])
def test_with_another_implementation(lab, kind, family, keys):
    near, far = lab["director"], lab["director2"]
    us = Vrrpd(near, config(far.address(family), keys)).start()
    them = kind(far, near.address(family)).start()

    def up():
        return us.bfd()["state"] == "up" and them.state() == "up"
    wait_for(up, "both ends to be up")
    # What both agreed on: the slower interval, and its sender's multiplier.
    wait_for(lambda: us.bfd()["transmit_us"] == 50000 and us.bfd()["detection_us"] == 150000, "our intervals")
    wait_for(lambda: them.knows(transmit=40, receive=40, multiplier=5), "their intervals")
    counters = us.bfd()["counters"]
    wait_for(lambda: us.bfd()["counters"]["received"] > counters["received"] + 20, "packets to come")
    assert us.bfd()["counters"]["downs"] == 0
    # It falls silent.
    them.kill()
    wait_for(lambda: us.bfd()["state"] == "down", "its death to be noticed", timeout=2)
    assert us.bfd()["diagnostic"] == "control detection time expired"
    assert us.bfd()["counters"]["downs"] == 1
    them.start()
    wait_for(up, "both ends to be up again")
    # And the other way round: it sees us go, and the difference between a death and an end.
    us.kill()
    wait_for(lambda: them.state() == "down", "it to notice", timeout=2)
    us.start()
    wait_for(up, "both ends to be up again")
    us.stop()
    wait_for(lambda: them.state() == "down", "it to be told", timeout=2)
    them.stop()


@pytest.mark.parametrize("kind", [Bird, Frr])
def test_other_intervals_without_a_flap(lab, kind):
    near, far = lab["director"], lab["director2"]
    us = Vrrpd(near, config(far.address(4))).start()
    them = kind(far, near.address(4)).start()
    wait_for(lambda: us.bfd()["state"] == "up", "the session")
    us.configure(config(far.address(4)).replace("40ms", "100ms").replace("multiplier: 5", "multiplier: 4"))
    assert us.reload() == ["change bfd peer"]
    wait_for(lambda: us.bfd()["transmit_us"] == 100000 and us.bfd()["detection_us"] == 300000, "our new intervals")
    wait_for(lambda: them.knows(transmit=100, receive=100, multiplier=4), "it to know them")
    assert us.bfd()["counters"]["downs"] == 0
    them.stop()


def test_a_link_local_neighbour_stays_on_its_interface(lab):
    near, far = lab["director"], lab["director2"]
    far.ip("address", "add", "fe80::3/64", "dev", "eth0", "nodad")
    # Another interface has the same network, and its address is there first.
    near.ip("link", "add", "aside", "type", "veth", "peer", "name", "beyond")
    for name in ("beyond", "aside"):
        near.ip("link", "set", name, "up")
    near.ip("address", "add", "fe80::12/64", "dev", "aside", "nodad")
    near.ip("-6", "address", "flush", "dev", "eth0", "scope", "link")
    us = Vrrpd(near, config("fe80::3", ", interface: eth0")).start()
    them = Vrrpd(far, config("fe80::2", ", interface: eth0")).start()
    wait_for(lambda: us.bfd()["because"] == "eth0 has no address in the network of fe80::3", "it to say what it lacks")
    near.ip("address", "add", "fe80::2/64", "dev", "eth0", "nodad")

    def up():
        return us.bfd()["state"] == "up" and them.bfd()["state"] == "up"
    wait_for(up, "the session")
    assert us.bfd()["interface"] == "eth0"
    # Its carrier is away for a moment.
    downs = us.bfd()["counters"]["downs"]
    lab.switch("ip", "link", "set", f"{near.name}-eth0", "down")
    wait_for(lambda: us.bfd()["state"] == "down", "the session to end", timeout=3)
    assert us.bfd()["interface"] == "eth0" and us.bfd()["counters"]["downs"] == downs + 1, "it is still the same one"
    lab.switch("ip", "link", "set", f"{near.name}-eth0", "up")
    wait_for(up, "the session to be up again")
    assert us.bfd()["interface"] == "eth0"
    for daemon in (us, them):
        assert daemon.stop() == 0


def pair_file(lab, priority, other, bfd="30ms"):
    return (f"version: 1\nvips:\n  V:\n    addresses: [{VIP}/24]\n    vrrp:\n      id: 51\n      interface: eth0\n"
            f"      advert: 2s\n      priority: {priority}\n"
            f"bfd:\n  other: {{ address: {other}, transmit: {bfd}, receive: {bfd} }}\n")


@pytest.fixture
def pair(lab):
    near, far = lab["director"], lab["director2"]
    first = Vrrpd(near, pair_file(lab, 150, far.address(4))).start()
    second = Vrrpd(far, pair_file(lab, 100, near.address(4))).start()
    first.wait_state("master")
    second.wait_state("backup")
    wait_for(lambda: second.bfd()["state"] == "up" and second.router().get("master", {}).get("heard_us", 1 << 40) <
             second.bfd()["seconds"] * 1000000, "an advert while the session is up")
    return first, second


@pytest.mark.parametrize("fate", ["killed", "frozen", "detached"])
def test_a_backup_takes_over_when_its_masters_session_ends(lab, pair, fate):
    first, second = pair
    before = len(second.events("router"))
    if fate == "killed":
        first.kill()
    elif fate == "frozen":
        first.freeze()
    else:
        lab.unplug(first.host)
    # By the RFC's timers it would be six seconds and more.
    second.wait_state("master", timeout=2)
    (event,) = second.events("router")[before:]
    assert event["text"] == "the master's BFD session went down"
    if fate == "frozen":
        first.thaw()
    if fate == "detached":
        lab.plug(first.host)
    if fate != "killed":
        second.wait_state("backup")
        assert first.router()["state"] == "master"


def test_a_lost_link_of_its_own_takes_over_nothing(lab, pair):
    first, second = pair
    second.host.ip("link", "set", "eth0", "down")
    second.wait_state("fault")
    wait_for(lambda: second.bfd()["state"] == "down" or second.bfd()["because"], "the session to end")
    assert not any(e["to"] == "master" for e in second.events("router"))
    second.host.ip("link", "set", "eth0", "up")
    second.wait_state("backup")
    wait_for(lambda: second.bfd()["state"] == "up", "the session to be up again")


def test_a_master_that_restarts_is_not_dead(lab, pair):
    first, second = pair
    first.kill()
    first.start()
    first.wait_state("master")
    # It may have been away for longer than three packets; else nothing happened at all.
    second.wait_state("backup")
    wait_for(lambda: second.bfd()["state"] == "up", "the session to be up again")
