"""What an operator does to a running director: drain, weights, reload, servers that change their MAC,
a director that is a real server itself."""
import time

import pytest

from lab import servers
from lab.client import endpoint
from lab.host import wait_for
from lab.peer import ECHO_PORT
from stage import Stage


def test_drain_under_load_fails_no_request_and_keeps_connections(stage):
    server = stage.servers[0]
    name, echo = endpoint(server.address(4), 80), endpoint(server.address(4), ECHO_PORT)
    with (stage.client.background("http", stage.vip(4), concurrency=8, pause=0.01) as load,
          stage.client.hold(stage.vip(4), 60) as held):
        assert held.opened["failed"] == 0
        assert stage.active(4, ECHO_PORT)[echo][1] == 30
        stage.director.plenum("drain", stage.service(4), name, "--reason", "test")
        stage.director.plenum("drain", stage.service(4, ECHO_PORT), echo, "--reason", "test")
        time.sleep(0.5)  # requests under way may still end there
        drained = servers.answered(server)
        time.sleep(1)
        assert servers.answered(server) == drained
        assert held.round()["failed"] == 0
        assert stage.active(4, ECHO_PORT)[echo][1] == 30
        stage.director.plenum("enable", stage.service(4), name)
        stage.director.plenum("enable", stage.service(4, ECHO_PORT), echo)
        wait_for(lambda: servers.answered(server) > drained, "requests at the enabled server")
        result = load.stop()
        assert result["failed"] == 0 and result["requests"] > 100, result
    shares = stage.client.http(stage.vip(4), requests=60)["servers"]
    assert shares == {"server1": 30, "server2": 20, "server3": 10}


def test_weight_is_forced_and_given_back(stage):
    name = endpoint(stage.servers[2].address(6), 80)
    stage.director.plenum("weight", stage.service(6), name, "4", "--reason", "test")
    assert stage.client.http(stage.vip(6), requests=90)["servers"] == {"server1": 30, "server2": 20, "server3": 40}
    stage.director.plenum("enable", stage.service(6), name)
    assert stage.client.http(stage.vip(6), requests=60)["servers"] == {"server1": 30, "server2": 20, "server3": 10}


@pytest.mark.parametrize("announced", [True, False], ids=["announced", "silent"])
@pytest.mark.parametrize("way", ["nat", "dr"])
@pytest.mark.parametrize("family", [4, 6])
def test_a_server_s_new_mac_is_followed(way, family, announced, large):
    with Stage(way, large) as stage:
        server = stage.servers[0]
        if not announced:
            # Then it is the director's kernel that finds out, by asking its neighbours again; it trusts
            # one for half a minute and more, here for 2 s.
            side = "eth1" if way == "nat" else "eth0"
            stage.director.host.sysctl(**{f"net__ipv{v}__neigh__{side}__base_reachable_time_ms": 2000
                                          for v in (4, 6)})
        stage.tutorial.service(family, servers=[server], weights=(1,))
        assert stage.client.http(stage.vip(family), requests=10)["failed"] == 0
        server.sysctl(net__ipv4__conf__eth0__arp_notify=int(announced),
                      net__ipv6__conf__eth0__ndisc_notify=int(announced))
        server.ip("link", "set", "eth0", "address", "02:00:00:00:99:01")
        wait_for(lambda: stage.client.http(stage.vip(family), requests=1, timeout=1)["failed"] == 0,
                 "the server to be reached by its new address", timeout=5 if announced else 30)
        assert stage.client.http(stage.vip(family), requests=50, concurrency=4)["failed"] == 0


@pytest.mark.parametrize("family", [4, 6])
def test_the_director_itself_serves_in_dr(family, large):
    with Stage("dr", large) as stage:
        director = stage.lab["director"]
        servers.start(director, large[0])
        stage.tutorial.service(family, servers=[director, *stage.servers[:2]], weights=(2, 1, 1))
        result = stage.client.http(stage.vip(family), requests=80, concurrency=4)
        assert result["failed"] == 0, result
        assert result["servers"] == {"director": 40, "server1": 20, "server2": 20}
        assert stage.client.download(stage.vip(family))["sha256"] == stage.digest


CONFIG = """version: 1
vips:
  web: {{ addresses: [192.0.2.10/24, "2001:db8:f::10/64"] }}
l4:
  web:
    listen: {{ vip: web, port: 80, protocol: tcp }}
    forward: {forward}
    scheduler: wrr
    drain: 5s
    servers: {{ {servers} }}
"""


def _config(stage, weights):
    rows = [f"s{i}: {{ address: {server.address(4)}, weight: {weight} }}"
            for i, (server, weight) in enumerate(zip(stage.servers, weights), 1) if weight]
    return CONFIG.format(forward=stage.way, servers=", ".join(rows))


@pytest.mark.parametrize("way", ["nat", "dr", "tun"])
def test_reload_under_load_fails_no_request(way, large):
    with Stage(way, large) as stage:
        stage.director.configure(_config(stage, (1, 1, 0)))
        stage.director.plenum("apply")
        assert stage.client.http(stage.vip(4), requests=40)["servers"] == {"server1": 20, "server2": 20}
        with stage.client.background("http", stage.vip(4), concurrency=8, pause=0.01) as load:
            for weights in ((3, 1, 1), (0, 1, 1), (1, 0, 2), (2, 2, 2)):
                stage.director.configure(_config(stage, weights))
                assert stage.director.plenum("diff").stdout.strip()
                stage.director.plenum("apply")
                time.sleep(0.4)
            result = load.stop()
            assert result["failed"] == 0 and len(result["servers"]) == 3, result
        assert stage.client.http(stage.vip(4), requests=60)["servers"] == \
            {"server1": 20, "server2": 20, "server3": 20}


def test_a_bad_file_changes_nothing(large):
    with Stage("dr", large) as stage:
        stage.director.configure(_config(stage, (1, 1, 1)))
        stage.director.plenum("apply")
        rules = stage.director.ipvsadm("-Sn").stdout
        broken = _config(stage, (1, 1, 1)).replace("port: 80", "port: 80000")
        line = broken[:broken.index("80000")].count("\n") + 1
        stage.director.configure(broken)
        assert stage.director.plenum("check", stage.director.config, check=False).returncode == 1
        refused = stage.director.plenum("apply", check=False)
        assert refused.returncode != 0
        assert f"{stage.director.config}:6:31:" in refused.stdout + refused.stderr
        stage.director.reload_by_signal()
        wait_for(lambda: stage.director.ask("status")["status"]["config_error"], "the refusal in the status")
        assert stage.director.ipvsadm("-Sn").stdout == rules
        assert stage.client.http(stage.vip(4), requests=30)["servers"] == \
            {"server1": 10, "server2": 10, "server3": 10}
