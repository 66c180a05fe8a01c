"""What changes around a director: its interfaces, its addresses, its file, and the daemon's own end and
beginning. Traffic goes on, and what a file says no more is taken away."""
import json

import pytest

from lab.host import wait_for
from lab.network import QUEUES
from stage import FAMILIES, Stage


def _interfaces(stage):
    """Those the director says that its data plane is on."""
    return sorted(row["name"] for row in stage.director.ask("status")["status"]["interfaces"])


def _has_program(stage, interface):
    return "xdp" in stage.director.host.ip("link", "show", "dev", interface).stdout


def _addresses(stage, interface="eth0"):
    links = json.loads(stage.director.host.ip("-j", "address", "show", "dev", interface).stdout)
    return {a["local"] for link in links for a in link["addr_info"]}


def _status(stage):
    return stage.director.ask("status")["status"]


def _wait_until_served(stage, address, timeout=10):
    wait_for(lambda: stage.client.http(address, requests=1, timeout=1)["failed"] == 0, f"{address} to be served",
             timeout=timeout)
    result = stage.client.http(address, requests=30, concurrency=3, timeout=2)
    assert result["failed"] == 0 and len(result["servers"]) == 3, result


# -- interfaces -------------------------------------------------------------------------
@pytest.mark.parametrize("way", ["nat", "dr"])
def test_a_new_mac_of_the_clients_side_is_followed(way, large):
    with Stage(way, large) as stage:
        for family in FAMILIES:
            stage.tutorial.service(family)
            assert stage.client.http(stage.vip(family), requests=10)["failed"] == 0
        stage.director.host.ip("link", "set", "eth0", "address", "02:00:00:00:99:02")
        # As an announcement would: the router asks again.
        stage.lab["router"].ip("neighbour", "flush", "dev", "eth1")
        for family in FAMILIES:
            _wait_until_served(stage, stage.vip(family), timeout=5)


def _renew_eth0(stage, index=None):
    """Deletes the director's eth0 and makes it again, as lab/network.py does, in one go: whoever watches
    may see both at once. index: the number it gets; else a new one."""
    lab, director = stage.lab, stage.director.host
    switch, mac = lab.netns_name("switch"), director.mac()
    routes = {family: director.ip(f"-{family}", "route", "show", "default").stdout for family in FAMILIES}
    queues = f"numrxqueues {QUEUES} numtxqueues {QUEUES}"
    number = f"index {index}" if index else ""
    director.run("ip", "-batch", "-", stdin=(
        "link del eth0\n"
        f"link add name eth0 {number} address {mac} mtu {lab.mtu} {queues} type veth"
        f" peer name director-eth0 netns {switch} mtu {lab.mtu} {queues}\n"))
    lab.switch("ip", "-batch", "-", stdin=(
        "link set director-eth0 master front up\n"
        f"link set director-eth0 xdpdrv pinned {lab.bpffs}/pass\n"))
    lab.switch("ethtool", "-K", "director-eth0", "tx", "off", "tso", "off", "gro", "on")
    director.run("ethtool", "-K", "eth0", "tx", "off", "rx", "off", "tso", "off", "gso", "off", "gro", "off", "sg", "off")
    front = lab.topology.subnet("front")
    for family in FAMILIES:
        director.ip("address", "add", f"{director.address(family)}/{front.bits(family)}", "dev", "eth0",
                    *(["nodad"] if family == 6 else []))
        stage.tutorial.vip_on_director(family)
    director.ip("link", "set", "eth0", "up")
    for family, route in routes.items():
        director.ip(f"-{family}", "route", "replace", *route.split()[:3])


def _index(stage):
    return int(stage.director.host.run("cat", "/sys/class/net/eth0/ifindex").stdout)


@pytest.mark.parametrize("number", ["another", "the same"])
@pytest.mark.parametrize("way", ["nat", "dr"])
def test_an_interface_made_again_is_attached_again(way, number, large):
    with Stage(way, large) as stage:
        for family in FAMILIES:
            stage.tutorial.service(family)
            assert stage.client.http(stage.vip(family), requests=10)["failed"] == 0
        before, attached = _index(stage), _interfaces(stage)
        _renew_eth0(stage, before if number == "the same" else None)
        assert (_index(stage) == before) == (number == "the same")
        for family in FAMILIES:
            _wait_until_served(stage, stage.vip(family))
        assert _has_program(stage, "eth0")
        assert _interfaces(stage) == attached


SERVICE = """
l4:
  web:
    listen: {{ address: {vip}, port: 80, protocol: tcp }}
    forward: {way}
    scheduler: rr
    servers: {{ a: {{ address: {0}{more} }}, b: {{ address: {1} }}, c: {{ address: {2} }} }}
"""


def _service(stage, vip=None, more=""):
    return SERVICE.format(*[s.address(4) for s in stage.servers], vip=vip or stage.vip(4), way=stage.way, more=more)


def _configure(stage, rest, director=""):
    stage.director.configure(f"version: 1\n{director}{rest}")


def test_an_interface_that_the_file_names_no_more_is_left(large):
    with Stage("nat", large) as stage:
        both = "director: { interfaces: [eth0, eth1] }\n"
        _configure(stage, _service(stage), both)
        stage.director.plenum("apply")
        wait_for(lambda: _interfaces(stage) == ["eth0", "eth1"], "both interfaces to be attached")
        _wait_until_served(stage, stage.vip(4))
        _configure(stage, _service(stage), "director: { interfaces: [eth1] }\n")
        stage.director.plenum("apply")
        wait_for(lambda: not _has_program(stage, "eth0"), "eth0 to be left")
        assert _interfaces(stage) == ["eth1"] and _has_program(stage, "eth1")
        _configure(stage, _service(stage), both)
        stage.director.plenum("apply")
        _wait_until_served(stage, stage.vip(4))
        assert _interfaces(stage) == ["eth0", "eth1"]


# -- files with errors at a start --------------------------------------------------------
def test_a_start_with_a_file_that_is_refused_keeps_the_old_state(large):
    with Stage("dr", large) as stage:
        _configure(stage, _service(stage))
        stage.director.plenum("apply")
        _wait_until_served(stage, stage.vip(4))
        rules = stage.director.ipvsadm("-Sn").stdout
        assert stage.director.stop() == 0
        # It reads well, but no server can have it.
        last = str(stage.servers[-1].address(4))
        _configure(stage, _service(stage).replace(last, "255.255.255.255"))
        stage.director.start()
        assert "255.255.255.255 is the broadcast address" in _status(stage)["config_error"]
        assert stage.director.ipvsadm("-Sn").stdout == rules
        _wait_until_served(stage, stage.vip(4))
        _configure(stage, _service(stage))
        stage.director.plenum("apply")
        assert not _status(stage)["config_error"]
        assert stage.director.ipvsadm("-Sn").stdout == rules


def test_a_start_with_a_file_that_cannot_be_read_keeps_the_last_one_in_force(large):
    with Stage("nat", large) as stage:
        vip = stage.lab.topology.subnet("front").address(4, 20)
        _configure(stage, f"vips: {{ web: {{ addresses: [{vip}/24] }} }}\n" + _service(stage),
                   "director: { interfaces: [eth0] }\n")
        stage.director.plenum("apply")
        wait_for(lambda: _interfaces(stage) == ["eth0"] and vip in _addresses(stage), "the file to be in force")
        vips = _status(stage)["vips"]
        rules = stage.director.ipvsadm("-Sn").stdout
        assert stage.director.stop() == 0
        stage.director.host.ip("address", "del", f"{vip}/24", "dev", "eth0")
        stage.director.configure("version: 1\nl4: [\n")
        stage.director.start()
        status = _status(stage)
        assert str(stage.director.config) in status["config_error"]
        wait_for(lambda: vip in _addresses(stage), "the address to be put back")
        assert _interfaces(stage) == ["eth0"] and not _has_program(stage, "eth1")
        assert _status(stage)["vips"] == vips
        assert stage.director.ipvsadm("-Sn").stdout == rules


# -- virtual addresses -------------------------------------------------------------------
def test_addresses_follow_the_file_through_reloads_and_restarts(large):
    with Stage("nat", large) as stage:
        front = stage.lab.topology.subnet("front")
        old, new, other = front.address(4, 20), front.address(4, 21), front.address(6, 20)

        def file(*addresses, served):
            listed = ", ".join(f'"{a}/{front.bits(6 if ":" in a else 4)}"' for a in addresses)
            _configure(stage, f"vips: {{ web: {{ addresses: [{listed}] }} }}\n" + _service(stage, vip=served))

        mine = _addresses(stage)
        file(old, served=old)
        stage.director.plenum("apply")
        assert _addresses(stage) == mine | {old}
        _wait_until_served(stage, old)
        file(old, new, other, served=new)
        stage.director.plenum("apply")
        assert _addresses(stage) == mine | {old, new, other}
        _wait_until_served(stage, new)
        file(new, other, served=new)
        stage.director.plenum("apply")
        assert _addresses(stage) == mine | {new, other}
        _wait_until_served(stage, new)
        assert stage.director.stop() == 0
        file(old, served=old)
        stage.director.start()
        wait_for(lambda: _addresses(stage) == mine | {old}, "the addresses to be those of the file")
        _wait_until_served(stage, old)
        # Those that the file never had are the operator's.
        assert stage.vip(4) in _addresses(stage)


# -- the daemon --------------------------------------------------------------------------
def test_unload_is_refused_while_a_daemon_runs(large):
    with Stage("dr", large) as stage:
        stage.tutorial.service(4)
        rules = stage.director.ipvsadm("-Sn").stdout
        refused = stage.director.host.run(*stage.director.argv("--unload"), check=False)
        assert refused.returncode != 0
        assert "daemon runs" in refused.stderr and str(stage.director.run_dir) in refused.stderr
        assert stage.director.alive() and _has_program(stage, "eth0")
        assert stage.director.ipvsadm("-Sn").stdout == rules
        _wait_until_served(stage, stage.vip(4))
        # What the daemon would be restored from is there too.
        assert stage.director.stop() == 0
        stage.director.start()
        assert stage.director.ipvsadm("-Sn").stdout == rules
