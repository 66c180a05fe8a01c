"""Persistent clients, services for marks and for every port, and one-packet scheduling, with real traffic."""
import re

import pytest

from lab.client import endpoint
from lab.host import wait_for
from lab.peer import ECHO_PORT
from lab.servers import HTTP_PORT
from stage import FAMILIES, Stage

families = pytest.mark.parametrize("family", FAMILIES)
ways = pytest.mark.parametrize("way", ["nat", "dr", "tun"])

CLIENTS = 6


def client_addresses(stage, family):
    """Further addresses of the client's host, so that it is several clients."""
    subnet = stage.lab.topology.subnet("clients")
    out = []
    for number in range(20, 20 + CLIENTS):
        address = subnet.address(family, number)
        more = () if family == 4 else ("nodad",)
        stage.client.host.run("ip", "address", "replace", f"{address}/{subnet.bits(family)}", "dev", "eth0", *more)
        out.append(address)
    return out


def servers_text(stage_lab, family):
    return "".join(f"      {s.name}: {{ address: \"{s.address(family)}\" }}\n" for s in stage_lab.servers)


def connections(stage):
    """ipvsadm -Lnc as rows of (protocol, state, client, virtual, server)."""
    rows = [row.split() for row in stage.director.ipvsadm("-Lnc").stdout.splitlines()[2:]]
    return [(row[0], *row[2:]) for row in rows]


def reload(stage, text):
    stage.director.configure(text)
    stage.director.plenum("apply")


@ways
@families
def test_a_mark_holds_a_client_to_its_server_across_ports_and_protocols(way, family, large):
    with Stage(way, large) as stage:
        vip = stage.vip(family)
        reload(stage, f"""version: 1
director:
  marks:
    - {{ mark: 5, destination: "{vip}", protocol: tcp, ports: [{HTTP_PORT}] }}
    - {{ mark: 5, destination: "{vip}", protocol: udp, ports: [7000-7010] }}
l4:
  shop:
    listen: {{ fwmark: 5 }}
    forward: {way}
    scheduler: rr
    persistence: {{ timeout: 5m }}
    servers:
""" + servers_text(stage.lab, family))
        chosen = []
        for address in client_addresses(stage, family):
            seen = stage.client.http(vip, requests=3, bind=address)
            assert seen["failed"] == 0, seen
            more = stage.client.udp(vip, count=3, bind=address)
            assert more["failed"] == 0, more
            assert len(seen["servers"]) == 1 and set(seen["servers"]) == set(more["servers"]), (seen, more)
            chosen += seen["servers"]
        # Round robin begins with the server added last, and each client takes one turn.
        assert chosen == ["server3", "server2", "server1"] * (CLIENTS // 3)
        mark = "0.0.0.5:0" if family == 4 else "[0:5::]:0"
        templates = [row for row in connections(stage) if row[0] == "IP"]
        assert len(templates) == CLIENTS
        assert {row[3] for row in templates} == {mark} and {row[1] for row in templates} <= {"ASSURED", "NONE"}
        persistent = stage.director.ipvsadm("-Ln", "--persistent-conn").stdout
        counts = [tuple(map(int, row.split()[2:])) for row in persistent.splitlines()
                  if re.match(r"  -> .*:\d+ +\d", row)]
        assert [row[1] for row in counts] == [CLIENTS // 3] * 3, persistent


@families
def test_every_port_of_an_address_is_one_service(family, large):
    with Stage("nat", large) as stage:
        vip = stage.vip(family)
        reload(stage, f"""version: 1
l4:
  all:
    listen: {{ address: "{vip}", port: any }}
    forward: nat
    scheduler: rr
    persistence: {{}}
    servers:
""" + servers_text(stage.lab, family))
        for address in client_addresses(stage, family):
            assert stage.client.http(vip, requests=2, bind=address)["failed"] == 0
        rows = connections(stage)
        templates = {row[2].rsplit(":", 1)[0]: row[4].rsplit(":", 1)[0] for row in rows if row[2].endswith(":0")}
        assert len(templates) == CLIENTS and len(set(templates.values())) == 3
        for _, _, client, _, server in rows:
            assert templates[client.rsplit(":", 1)[0]] == server.rsplit(":", 1)[0]


def test_a_drained_server_keeps_its_persistent_clients_and_a_removed_one_loses_them(large):
    with Stage("nat", large) as stage:
        vip, ipvsadm = stage.vip(4), stage.director.ipvsadm
        virtual = endpoint(vip, HTTP_PORT)
        ipvsadm("-A", "-t", virtual, "-s", "rr", "-p", "300")
        for server in stage.servers:
            ipvsadm("-a", "-t", virtual, "-r", endpoint(server.address(4), HTTP_PORT), "-m")
        first, *others = client_addresses(stage, 4)
        assert stage.client.http(vip, requests=2, bind=first)["servers"] == {"server3": 2}
        third = endpoint(stage.servers[2].address(4), HTTP_PORT)
        ipvsadm("-e", "-t", virtual, "-r", third, "-m", "-w", "0")
        assert stage.client.http(vip, requests=2, bind=first)["servers"] == {"server3": 2}
        for address in others:
            assert "server3" not in stage.client.http(vip, requests=1, bind=address)["servers"]
        ipvsadm("-d", "-t", virtual, "-r", third)
        moved = stage.client.http(vip, requests=2, bind=first)["servers"]
        assert len(moved) == 1 and "server3" not in moved, moved


def test_persistence_goes_on_over_a_restart_of_the_daemon(large):
    with Stage("dr", large) as stage:
        vip, ipvsadm = stage.vip(4), stage.director.ipvsadm
        virtual = endpoint(vip, HTTP_PORT)
        ipvsadm("-A", "-t", virtual, "-s", "rr", "-p", "300", "-M", "255.255.255.254")
        for server in stage.servers:
            ipvsadm("-a", "-t", virtual, "-r", endpoint(server.address(4), HTTP_PORT), "-g")
        pair = client_addresses(stage, 4)[:2]
        assert stage.client.http(vip, requests=1, bind=pair[0])["servers"] == {"server3": 1}
        stage.director.kill()
        assert stage.client.http(vip, requests=2, bind=pair[1])["servers"] == {"server3": 2}
        stage.director.start()
        assert stage.client.http(vip, requests=2, bind=pair[0])["servers"] == {"server3": 2}
        assert f"-A -t {virtual} -s rr -p 300 -M 255.255.255.254\n" in ipvsadm("-Sn").stdout


def test_a_template_ends_with_its_time(large):
    with Stage("dr", large) as stage:
        vip, ipvsadm = stage.vip(4), stage.director.ipvsadm
        virtual = endpoint(vip, ECHO_PORT)
        # One packet: no connection that would keep its template.
        ipvsadm("-A", "-u", virtual, "-s", "rr", "-p", "2", "-o")
        for server in stage.servers:
            ipvsadm("-a", "-u", virtual, "-r", endpoint(server.address(4), ECHO_PORT), "-g")
        assert stage.client.udp(vip, count=1)["servers"] == {"server3": 1}
        assert [row[2].rsplit(":", 1)[1] for row in connections(stage)] == ["0"]
        wait_for(lambda: not connections(stage), "the template to end")
        assert stage.client.udp(vip, count=1)["servers"] == {"server2": 1}


@families
def test_one_packet_scheduling_keeps_no_connection(family, large):
    with Stage("dr", large) as stage:
        vip, ipvsadm = stage.vip(family), stage.director.ipvsadm
        virtual = endpoint(vip, ECHO_PORT)
        ipvsadm("-A", "-u", virtual, "-s", "rr", "-o")
        for server in stage.servers:
            ipvsadm("-a", "-u", virtual, "-r", endpoint(server.address(family), ECHO_PORT), "-g")
        got = stage.client.udp(vip, count=30)
        assert got["failed"] == 0 and got["servers"] == {"server1": 10, "server2": 10, "server3": 10}, got
        assert connections(stage) == []
        total, rows = stage.counters(family, ECHO_PORT, "-u")
        assert (total["conns"], total["in_packets"]) == (30, 30)
        assert [row["conns"] for row in rows.values()] == [10, 10, 10]
