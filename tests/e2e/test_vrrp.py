"""Virtual routers between two hosts: elections, and Debian's keepalived at the other end, both ways round."""
import pytest

from lab.host import wait_for
from lab.keepalived import Keepalived
from lab.vrrpd import Vrrpd

VIP = {4: "192.0.2.10", 6: "2001:db8:f::10"}
# The link-local address that IPv6's adverts come from goes first in them.
LOCAL_VIP = "fe80::10"


def plenum(priority, family=4, version=3, advert="200ms", keys=""):
    addresses = f"{VIP[4]}/24" if family == 4 else f'"{LOCAL_VIP}/64", "{VIP[6]}/64"'
    return f"""version: 1
vips:
  V:
    addresses: [{addresses}]
    vrrp:
      id: 51
      interface: eth0
      version: {version}
      priority: {priority}
      advert: {advert}
{"".join(f"      {line}{chr(10)}" for line in keys.splitlines())}"""


def keepalived(priority, family=4, version=3, advert=0.2, keys="", globals_=""):
    addresses = f"{VIP[4]}/24" if family == 4 else f"{LOCAL_VIP}/64\n    {VIP[6]}/64"
    return f"""global_defs {{
  vrrp_version {version}
  {globals_}
}}
vrrp_instance V {{
  state BACKUP
  interface eth0
  virtual_router_id 51
  priority {priority}
  advert_int {advert}
  {keys}
  virtual_ipaddress {{
    {addresses}
  }}
}}
"""


@pytest.fixture
def hosts(lab):
    return lab["director"], lab["director2"]


KINDS = [
    pytest.param(4, 3, "200ms", 0.2, "", "", id="v3-ipv4"),
    pytest.param(6, 3, "200ms", 0.2, "", "", id="v3-ipv6"),
    pytest.param(4, 2, "1s", 1, "", "", id="v2"),
    pytest.param(4, 2, "1s", 1, "password: s3cret", "authentication {\n auth_type PASS\n auth_pass s3cret\n }",
                 id="v2-password"),
]


@pytest.mark.parametrize("family,version,advert,seconds,ours,theirs", KINDS)
@pytest.mark.parametrize("we", ["above", "below"])
def test_with_keepalived(hosts, we, family, version, advert, seconds, ours, theirs):
    """Election, preemption, resignation and death, with either of them the better one."""
    priorities = (150, 100) if we == "above" else (100, 150)
    us = Vrrpd(hosts[0], plenum(priorities[0], family, version, advert, ours)).start()
    them = Keepalived(hosts[1], keepalived(priorities[1], family, version, seconds, theirs)).start()
    better, worse = (us, them) if we == "above" else (them, us)
    better.wait_state("master")
    worse.wait_state("backup")
    wait_for(lambda: better.has(VIP[family]) and not worse.has(VIP[family]), "the address to be at the better one")
    heard = us.router()["counters"]
    # The better one gives up in good order; the other does not wait for it to be missed.
    better.stop()
    worse.wait_state("master", timeout=2.5 * seconds)
    wait_for(lambda: worse.has(VIP[family]) and not better.has(VIP[family]), "the address to have moved")
    # It is back, and preempts.
    better.start()
    better.wait_state("master")
    worse.wait_state("backup")
    wait_for(lambda: better.has(VIP[family]) and not worse.has(VIP[family]), "the address to be back")
    # And dies.
    better.kill()
    worse.wait_state("master")
    if worse is us:
        counters = us.router()["counters"]
        assert counters["adverts_received"] > heard["adverts_received"]
        assert counters["priority_zero_received"] == 1
        refused = {name: value for name, value in counters.items() if name.endswith("_errors") and value}
        assert not refused
        assert not {n: v for n, v in us.status()["counters"].items() if n.endswith("_errors") and v}


@pytest.mark.parametrize("we", ["above", "below"])
def test_unicast_with_keepalived(hosts, we):
    priorities = (150, 100) if we == "above" else (100, 150)
    near, far = (host.address(4) for host in hosts)
    us = Vrrpd(hosts[0], plenum(priorities[0], keys=f"peers: [{far}]\nsource: {near}")).start()
    them = Keepalived(hosts[1], keepalived(priorities[1], keys=f"unicast_src_ip {far}\n  unicast_peer {{\n {near}\n }}"))
    them.start()
    better, worse = (us, them) if we == "above" else (them, us)
    better.wait_state("master")
    worse.wait_state("backup")
    better.stop()
    worse.wait_state("master", timeout=1)
    better.start()
    better.wait_state("master")
    worse.wait_state("backup")


def test_a_wrong_password_is_not_heard(hosts):
    us = Vrrpd(hosts[0], plenum(150, 4, 2, "1s", "password: s3cret")).start()
    us.wait_state("master")
    them = Keepalived(hosts[1], keepalived(200, 4, 2, 1, "authentication {\n auth_type PASS\n auth_pass other\n }"))
    them.start().wait_state("master")
    # One is enough: keepalived's own timer starts anew with each of ours that it refuses.
    wait_for(lambda: us.router()["counters"]["authentication_errors"] > 0, "its adverts to be refused")
    assert us.router()["state"] == "master"


@pytest.mark.parametrize("we", ["above", "below"])
def test_ipv6_unicast_with_keepalived(hosts, we):
    priorities = (150, 100) if we == "above" else (100, 150)
    near, far = (host.address(6) for host in hosts)
    # keepalived 2.2.7 sends these with the host's own hop limit.
    us = Vrrpd(hosts[0], plenum(priorities[0], 6, keys=f'peers: ["{far}"]\nsource: "{near}"\npeer_ttl: 64')).start()
    them = Keepalived(hosts[1], keepalived(priorities[1], 6, keys=f"unicast_src_ip {far}\n  unicast_peer {{\n {near}\n }}"))
    them.start()
    better, worse = (us, them) if we == "above" else (them, us)
    better.wait_state("master")
    worse.wait_state("backup")
    better.stop()
    worse.wait_state("master", timeout=1)


@pytest.mark.parametrize("we", ["above", "below"])
def test_without_preemption_a_lesser_master_stays(hosts, we):
    """Whoever is better comes second, and is told not to preempt."""
    if we == "above":
        lesser = Keepalived(hosts[1], keepalived(100)).start()
        lesser.wait_state("master")
        better = Vrrpd(hosts[0], plenum(150, keys="preempt: false")).start()
    else:
        lesser = Vrrpd(hosts[0], plenum(100)).start()
        lesser.wait_state("master")
        better = Keepalived(hosts[1], keepalived(150, keys="nopreempt")).start()
    better.wait_state("backup")
    us = better if we == "above" else lesser
    heard = "adverts_received" if we == "above" else "adverts_sent"
    before = us.router()["counters"][heard]
    # Ten intervals.
    wait_for(lambda: us.router()["counters"][heard] >= before + 10, "adverts to go by")
    assert better.has(VIP[4]) is False and lesser.has(VIP[4])
    lesser.kill()
    better.wait_state("master")


def both(text, other_id):
    """The same with a second router, W."""
    head, body = text.split("vips:\n") if "vips:" in text else text.split("vrrp_instance", 1)
    if "vips:" in text:
        second = body.replace("  V:", "  W:").replace("id: 51", f"id: {other_id}").replace(VIP[4], "192.0.2.11")
        return f"{head}vips:\n{body}{second}failover:\n  groups: {{ G: {{ members: [V, W] }} }}\n"
    second = body.replace(" V {", " W {").replace("router_id 51", f"router_id {other_id}").replace(VIP[4], "192.0.2.11")
    return (f"{head}vrrp_sync_group G {{\n  group {{\n    V\n    W\n  }}\n}}\nvrrp_instance{body}vrrp_instance{second}")


@pytest.mark.parametrize("we", ["above", "below"])
def test_sync_groups_with_keepalived(hosts, we):
    priorities = (150, 100) if we == "above" else (100, 150)
    us = Vrrpd(hosts[0], both(plenum(priorities[0]), 52)).start()
    them = Keepalived(hosts[1], both(keepalived(priorities[1]), 52)).start()
    better, worse = (us, them) if we == "above" else (them, us)
    for name in "VW":
        better.wait_state("master", name)
        worse.wait_state("backup", name)
    # One of the addresses' routers may not take part any more: both go.
    if we == "above":
        us.configure(us.config.read_text().replace("      id: 52\n", "      id: 52\n      track: [{interface: lost7}]\n"))
        us.reload()
        for name in "VW":
            us.wait_state("fault", name)
    else:
        better.stop()
    for name in "VW":
        worse.wait_state("master", name)
    wait_for(lambda: all(worse.has(vip) and not better.has(vip) for vip in (VIP[4], "192.0.2.11")), "both addresses to move")


@pytest.mark.parametrize("we", ["above", "below"])
def test_virtual_macs_with_keepalived(hosts, we):
    priorities = (150, 100) if we == "above" else (100, 150)
    us = Vrrpd(hosts[0], plenum(priorities[0], keys="vmac: true")).start()
    them = Keepalived(hosts[1], keepalived(priorities[1], keys="use_vmac")).start()
    better, worse = (us, them) if we == "above" else (them, us)
    better.wait_state("master")
    worse.wait_state("backup")
    wait_for(lambda: better.has(VIP[4], "vrrp.51") and not worse.has(VIP[4]), "the address to be at the better one")
    better.stop()
    worse.wait_state("master", timeout=1)
    better.start()
    better.wait_state("master")
    worse.wait_state("backup")
    better.kill()
    worse.wait_state("master")
