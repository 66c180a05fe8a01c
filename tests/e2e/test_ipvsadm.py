"""ipvsadm against a running director, with real traffic behind what it lists."""
import re

from lab.host import wait_for
from lab.peer import ECHO_PORT
from stage import Stage

TITLES = ("Prot LocalAddress:Port Scheduler Flags\n"
          "  -> RemoteAddress:Port           Forward Weight ActiveConn InActConn\n")


def test_a_day_with_ipvsadm(large):
    with Stage("nat", large) as stage:
        ipvsadm = stage.director.ipvsadm
        stage.tutorial.service(4)
        stage.tutorial.service(4, ECHO_PORT, "-t", scheduler="lc")
        head = r"IP Virtual Server version \d+\.\d+\.\d+ \(size=\d+\)\n"
        listing = ipvsadm("-Ln").stdout
        assert re.match(head, listing)
        assert re.sub(head, "", listing) == TITLES + (
            "TCP  192.0.2.10:80 wrr\n"
            "  -> 198.51.100.11:80             Masq    3      0          0         \n"
            "  -> 198.51.100.12:80             Masq    2      0          0         \n"
            "  -> 198.51.100.13:80             Masq    1      0          0         \n"
            "TCP  192.0.2.10:7007 lc\n"
            "  -> 198.51.100.11:7007           Masq    3      0          0         \n"
            "  -> 198.51.100.12:7007           Masq    2      0          0         \n"
            "  -> 198.51.100.13:7007           Masq    1      0          0         \n")

        assert stage.client.http(stage.vip(4), requests=60)["failed"] == 0
        total, rows = stage.counters(4)
        assert total["conns"] == 60
        assert [row["conns"] for row in rows.values()] == [30, 20, 10]
        assert total["in_packets"] == sum(row["in_packets"] for row in rows.values()) > 240
        assert total["out_bytes"] == sum(row["out_bytes"] for row in rows.values()) > 60 * 200

        with stage.client.hold(stage.vip(4), 30) as held:
            assert held.opened["failed"] == 0
            assert [row[1:] for row in stage.active(4, ECHO_PORT).values()] == [(10, 0)] * 3
            connections = ipvsadm("-Lnc").stdout.splitlines()
            assert connections[:2] == ["IPVS connection entries",
                                       "pro expire state       source             virtual            destination"]
            mine = [row for row in connections if " 192.0.2.10:7007" in row]
            assert len(mine) == 30
            assert all(re.match(r"TCP 1[45]:\d\d  ESTABLISHED 203\.0\.113\.9:\d+ +192\.0\.2\.10:7007 +198\.51\.100\.1",
                                row) for row in mine), mine
        wait_for(lambda: all(row[1:] == (0, 10) for row in stage.active(4, ECHO_PORT).values()),
                 "closed connections to be inactive")

        ipvsadm("-Z")
        assert stage.counters(4)[0]["conns"] == 0
        saved = ipvsadm("-Sn").stdout
        assert saved == (
            "-A -t 192.0.2.10:80 -s wrr\n"
            "-a -t 192.0.2.10:80 -r 198.51.100.11:80 -m -w 3\n"
            "-a -t 192.0.2.10:80 -r 198.51.100.12:80 -m -w 2\n"
            "-a -t 192.0.2.10:80 -r 198.51.100.13:80 -m -w 1\n"
            "-A -t 192.0.2.10:7007 -s lc\n"
            "-a -t 192.0.2.10:7007 -r 198.51.100.11:7007 -m -w 3\n"
            "-a -t 192.0.2.10:7007 -r 198.51.100.12:7007 -m -w 2\n"
            "-a -t 192.0.2.10:7007 -r 198.51.100.13:7007 -m -w 1\n")
        ipvsadm("-C")
        assert re.fullmatch(head + re.escape(TITLES), ipvsadm("-Ln").stdout)
        ipvsadm("-R", stdin=saved)
        assert ipvsadm("-Sn").stdout == saved
        assert stage.client.http(stage.vip(4), requests=60)["servers"] == {"server1": 30, "server2": 20, "server3": 10}


def test_kernel_errors_and_exit_codes(large):
    with Stage("dr", large) as stage:
        ipvsadm = stage.director.ipvsadm
        ipvsadm("-A", "-t", "192.0.2.10:80", "-s", "rr")
        for argv, code, text in (
                (("-A", "-t", "192.0.2.10:80", "-s", "rr"), 255, "Service already exists"),
                (("-D", "-t", "192.0.2.10:81"), 255, "No such service"),
                (("-a", "-t", "192.0.2.10:81", "-r", "192.0.2.11:81"), 255, "Service not defined"),
                (("-d", "-t", "192.0.2.10:80", "-r", "192.0.2.11:80"), 255, "No such destination"),
                (("-Ln", "-t", "192.0.2.10:81"), 1, "No such service"),
                (("-A", "-D"), 2, "invalid option")):
            done = ipvsadm(*argv, check=False)
            assert done.returncode == code and text in done.stderr, (argv, done)
