"""FTP, whose data connections are for ports nobody knows beforehand: they go to the server of the control connection."""
import hashlib
import pathlib

import pytest

from lab import ftp
from lab.client import endpoint
from stage import Stage

CLIENTS = 6
# How the data connection is made, in curl's words. Active mode is the server's own connection to the client,
# which the director only has to leave alone; behind NAT it takes a director that rewrites what is said.
MODES = {"epsv": (), "pasv": ("--disable-epsv",), "active": ("--ftp-port", "-"),
         "eprt": ("--ftp-port", "-", "--eprt")}
CASES = [("nat", 4, "epsv"), ("nat", 4, "pasv"), ("dr", 4, "epsv"), ("dr", 4, "pasv"), ("dr", 4, "active"),
         ("tun", 4, "epsv"), ("tun", 4, "active"), ("nat", 6, "epsv"), ("dr", 6, "epsv"), ("dr", 6, "eprt"),
         ("tun", 6, "epsv")]


def fetch(stage, family, mode, bind, file):
    """The file, fetched through the virtual address."""
    vip = stage.vip(family)
    host = f"[{vip}]" if family == 6 else vip
    fetched = pathlib.Path(stage.lab.directory) / f"fetched-{file}"
    # What a server says in PASV counts here, which curl would otherwise not believe.
    stage.client.host.run("curl", "-sS", "--no-ftp-skip-pasv-ip", "--max-time", "60", "--interface", bind,
                          *MODES[mode], "-o", fetched, f"ftp://{host}/{file}", timeout=90)
    return fetched


@pytest.mark.parametrize("way,family,mode", CASES)
def test_data_connections_meet_the_server_of_their_control_connection(way, family, mode, large):
    with Stage(way, large) as stage:
        vip, ipvsadm = stage.vip(family), stage.director.ipvsadm
        for server in stage.servers:
            if way == "nat":
                ftp.start(server, large[0], server.address(family), vip if family == 4 else None)
            else:
                ftp.start(server, large[0], vip)
        virtual = endpoint(vip, ftp.FTP_PORT)
        ipvsadm("-A", "-t", virtual, "-s", "rr", "-p", "300")
        for server in stage.servers:
            ipvsadm("-a", "-t", virtual, "-r", endpoint(server.address(family), ftp.FTP_PORT),
                    {"nat": "-m", "dr": "-g", "tun": "-i"}[way])
        subnet = stage.lab.topology.subnet("clients")
        names = []
        for number in range(20, 20 + CLIENTS):
            address = subnet.address(family, number)
            more = () if family == 4 else ("nodad",)
            stage.client.host.run("ip", "address", "replace", f"{address}/{subnet.bits(family)}", "dev", "eth0", *more)
            names += [fetch(stage, family, mode, address, "name").read_text() for _ in range(2)]
        # Round robin over the clients, each of whom stays.
        assert names == [name for name in ("server3", "server2", "server1") * (CLIENTS // 3) for _ in range(2)]
        got = fetch(stage, family, mode, subnet.address(family, 20), "large")
        with got.open("rb") as file:
            assert hashlib.file_digest(file, "sha256").hexdigest() == stage.digest
        if mode in ("epsv", "pasv"):
            shown = ipvsadm("-Lnc").stdout
            ports = [row.split()[4].rsplit(":", 1)[1] for row in shown.splitlines()[2:]]
            data = [port for port in ports if port not in (str(ftp.FTP_PORT), "0")]
            assert len(data) == 2 * CLIENTS + 1, shown
