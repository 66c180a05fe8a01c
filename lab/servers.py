"""Real servers' programs: nginx with a page that tells which server it is, and lab/peer.py."""
import pathlib

from lab.host import PYTHON, wait_for
from lab.peer import ECHO_PORT, SINK_PORT

HTTP_PORT = 80

# One worker and no daemon: the pid is ours, and `down` finds both by their namespace.
# `rate` in a query is a limit in bytes per second, as in /large?rate=60m.
_NGINX = """
daemon off; master_process on; worker_processes 1; worker_rlimit_nofile 16384;
user root; pid {dir}/nginx.pid; error_log {dir}/error.log warn;
events {{ worker_connections 8192; multi_accept on; }}
http {{
  access_log {dir}/access.log; default_type text/plain; sendfile on; keepalive_timeout 75s;
  keepalive_requests 1000000;
  client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fastcgi;
  uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
  server {{
    listen 0.0.0.0:{port} backlog=4096; listen [::]:{port} ipv6only=on backlog=4096;
    add_header X-Server {name}; root {dir}/www;
    location = /large {{ alias {large}; limit_rate $arg_rate; }}
  }}
}}
"""


def start(host, large, extra_addresses=()):
    """Starts both on a host. large: the file that /large serves. Gives the two children.

    peer.py listens on the host's own addresses, on the VIPs (for DR and TUN) and on extra_addresses.
    """
    directory = pathlib.Path(host.lab.directory) / host.name
    (directory / "www").mkdir(parents=True)
    (directory / "www" / "index.html").write_text(f"This is {host.name} at {host.address(4)}.\n")
    config = directory / "nginx.conf"
    config.write_text(_NGINX.format(dir=directory, name=host.name, large=large, port=HTTP_PORT))
    nginx = host.popen("nginx", "-e", directory / "error.log", "-p", directory, "-c", config,
                       log=directory / "nginx.log")
    addresses = [host.address(f) for f in (4, 6)] + [host.lab.vip(f) for f in (4, 6)] + list(extra_addresses)
    peer = host.popen(PYTHON, "-m", "lab.peer", host.name, *addresses, log=directory / "peer.log")
    for port in (HTTP_PORT, ECHO_PORT, SINK_PORT):
        wait_for(lambda p=port: host.listens(p), f"{host.name} listening on port {port}"
                 f" (its logs: {directory})")
    return nginx, peer


def start_all(lab, large):
    """Every server of a lab. The children, nginx and peer of each."""
    return [child for host in lab.servers for child in start(host, large)]


def answered(host):
    """How many requests this server's nginx answered, from its access log."""
    log = pathlib.Path(host.lab.directory) / host.name / "access.log"
    return len(log.read_text().splitlines()) if log.exists() else 0
