"""`./dev demo`: real HTTP traffic over real servers by NAT, DR and TUN, one after the other,
with what an operator sees and does. --json gives the findings as data and nothing else."""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

from lab import payload, servers
from lab.client import Client, endpoint
from lab.cluster import Cluster
from lab.director import Director
from lab.host import end_on_sigterm, wait_for
from lab.network import Lab
from lab.prober import Prober
from lab.servers import HTTP_PORT
from lab.shell import CommandError
from lab.tutorial import WEIGHTS, Tutorial

MODES = ("nat", "dr", "tun", "failover")
# A multiple of the weights' sum: wrr then gives whole shares.
REQUESTS = 600
CONCURRENCY = 16
# How far a share may be from its weight's, in parts of all requests.
TOLERANCE = 0.02
# Bytes per second: the download takes about 3 s, long enough to lose the daemon meanwhile.
RATE = "70m"

ABOUT = {
    "nat": "NAT: the director rewrites addresses both ways and is the servers' gateway.",
    "dr": "DR: the director changes only the frame's MAC address; servers answer the client directly.",
    "tun": "TUN: the servers stand at another site; the director puts each packet into an IPIP tunnel.",
}


class Screen:
    """Text for people; nothing when the findings are wanted as data."""

    def __init__(self, quiet):
        self.quiet, self.color = quiet, sys.stdout.isatty()

    def paint(self, code, text):
        return f"\033[{code}m{text}\033[0m" if self.color else text

    def line(self, text=""):
        if not self.quiet:
            print(text, flush=True)

    def title(self, text):
        self.line("\n" + self.paint("1;36", text))

    def step(self, text):
        self.line("\n" + self.paint("1", text))

    def command(self, host, line):
        self.line(f"  {self.paint('2', host + '#')} {line}")

    def block(self, text):
        self.line("".join(f"    {row}\n" for row in text.rstrip().splitlines()).rstrip("\n"))

    def verdict(self, good, text):
        self.line(f"  {self.paint('32', 'ok') if good else self.paint('1;31', 'FAILED')}  {text}")
        return good


class Scene:
    """One forwarding method from an empty network to a drained server."""

    def __init__(self, lab, large, digest, screen):
        self.lab, self.large, self.digest, self.screen = lab, large, digest, screen
        self.client = Client(lab["client"])
        self.vip = lab.vip(4)
        self.found = {"mode": lab.mode}
        self.good = True

    def check(self, good, text):
        self.good = self.screen.verdict(good, text) and self.good

    def play(self):
        servers.start_all(self.lab, self.large)
        self.director = Director(self.lab["director"]).start()
        self.configure()
        self.share()
        self.restart()
        self.drain()
        return self.found

    def configure(self):
        self.screen.step("Configured as the tutorials do it")
        tutorial = Tutorial(self.lab, self.director, say=self.screen.command)
        tutorial.prepare(families=(4,))
        tutorial.service(4)

    def share(self):
        self.screen.step(f"{REQUESTS} HTTP requests, {CONCURRENCY} at a time, a connection each")
        result = self.client.http(self.vip, requests=REQUESTS, concurrency=CONCURRENCY)
        self.found.update(requests=result["requests"], failed=result["failed"], servers=[])
        for server, weight in zip(self.lab.servers, WEIGHTS):
            got, wanted = result["servers"].get(server.name, 0), weight / sum(WEIGHTS)
            self.found["servers"].append({"address": server.address(4), "weight": weight, "responses": got})
            part = got / REQUESTS
            bar = self.screen.paint("36", "#" * round(part * 60))
            self.check(abs(part - wanted) <= TOLERANCE,
                       f"{server.address(4):15} weight {weight}: {got:3} answers, {part:6.1%} of {wanted:5.1%}  {bar}")
        self.check(result["failed"] == 0, f"{result['failed']} requests failed {dict(result['errors']) or ''}")
        self.screen.command("director", "ipvsadm -Ln --stats")
        self.screen.block(self.director.ipvsadm("-Ln", "--stats").stdout)

    def restart(self):
        size = payload.SIZE >> 20
        self.screen.step(f"plenum-lbd is killed and started again during a download of {size} MB")
        with self.client.background("download", self.vip, path=f"/large?rate={RATE}") as download:
            time.sleep(0.8)
            self.director.kill()
            self.screen.command("director", "kill -9 plenum-lbd")
            result = self.client.http(self.vip, requests=60, concurrency=4)
            self.check(result["failed"] == 0, "60 new connections while no daemon runs: "
                       f"{result['failed']} failed {dict(result['errors']) or ''}")
            self.director.start()
            meanwhile = download.process.poll() is None
            self.screen.command("director", "plenum-lbd")
            got = download.result()
        intact = got["sha256"] == self.digest
        self.check(meanwhile, "the daemon is back before the download ends")
        self.check(intact, f"{got['bytes'] >> 20} MB in {got['seconds']:.1f} s, SHA-256 {got['sha256'][:16]}... "
                   + ("is right" if intact else f"should be {self.digest[:16]}..."))
        self.found["restart_download_ok"] = intact and meanwhile

    def drain(self):
        server = self.lab.servers[0]
        name = endpoint(server.address(4), HTTP_PORT)
        self.screen.step(f"{server.name} is drained under continuous requests")
        with self.client.background("http", self.vip, concurrency=8, pause=0.01) as load:
            time.sleep(0.5)
            service = f"TCP {endpoint(self.vip, HTTP_PORT)}"
            self.screen.command("director", f"plenum drain '{service}' {name} --reason demo")
            self.director.plenum("drain", service, name, "--reason", "demo")
            time.sleep(0.3)  # requests that were under way may still end there
            before = servers.answered(server)
            time.sleep(1.0)
            after = servers.answered(server)
            result = load.stop()
        self.found["drain_failed"] = result["failed"]
        self.check(result["failed"] == 0, f"{result['requests']} requests, {result['failed']} failed "
                   f"{dict(result['errors']) or ''}")
        self.check(after == before and result["requests"] > 0,
                   f"{server.name} got {after - before} requests in the second after it was drained")
        self.screen.command("director", "ipvsadm -Ln")
        self.screen.block(self.director.ipvsadm("-Ln").stdout)


class Takeover:
    """Two directors by one file; the one that has the virtual address loses its power during a download."""

    # A master that is silent for three BFD packets of 30 ms is missed; the rest is the machine's.
    GOAL_MS = 200

    def __init__(self, large, digest, screen):
        self.large, self.digest, self.screen = large, digest, screen
        self.found, self.good = {"mode": "failover"}, True

    def check(self, good, text):
        self.good = self.screen.verdict(good, text) and self.good

    def play(self):
        with Cluster("dr", (self.large, self.digest)) as cluster:
            self.screen.step("Two directors, one file")
            self.screen.command("director, director2", "plenum-lbd; plenum-vrrpd")
            self.status(cluster, 0)
            size = payload.SIZE >> 20
            self.screen.step(f"The master loses its power during a download of {size} MB")
            with cluster.client.background("download", cluster.vip, path=f"/large?rate={RATE}") as download, \
                    Prober(cluster.lab["client"], cluster.vip) as prober:
                time.sleep(0.8)
                with cluster.dead():
                    wait_for(cluster.taken_over, "the second director to take over")
                    got = download.result()
                    seen = prober.result()
                    self.status(cluster, 1)
        outage = seen["longest_ms"]
        self.found.update(outage_ms=outage, download_ok=got["sha256"] == self.digest)
        self.check(outage < self.GOAL_MS, f"the virtual address was away for {outage:.0f} ms")
        self.check(self.found["download_ok"], f"{got['bytes'] >> 20} MB in {got['seconds']:.1f} s, SHA-256 "
                   f"{got['sha256'][:16]}... " + ("is right" if self.found["download_ok"] else "is wrong"))
        return self.found

    def status(self, cluster, number):
        self.screen.command(cluster.hosts[number].name, "plenum vrrp status")
        self.screen.block(cluster.daemons[number].plenum("vrrp", "status").stdout)


def main():
    parser = argparse.ArgumentParser(prog="./dev demo", description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--mode", choices=MODES, action="append", help="only this one")
    args = parser.parse_args()
    end_on_sigterm()
    screen, found, good, start = Screen(args.json), [], True, time.monotonic()
    directory = tempfile.mkdtemp(prefix="plenum-demo-")
    try:
        large = os.path.join(directory, "large")
        digest = payload.write(large)
        for mode in (m for m in args.mode or MODES if m in ABOUT):
            with Lab(mode) as lab:
                screen.title(ABOUT[mode])
                screen.line(f"  {lab.topology.about}; VIP {lab.vip(4)}")
                scene = Scene(lab, large, digest, screen)
                try:
                    found.append(scene.play())
                except (CommandError, RuntimeError, TimeoutError, subprocess.TimeoutExpired) as error:
                    print(f"{mode}: {error}", file=sys.stderr)
                    found.append(scene.found)
                    scene.good = False
                good = scene.good and good
        if "failover" in (args.mode or MODES):
            screen.title("Failover: two directors, one virtual address.")
            takeover = Takeover(large, digest, screen)
            try:
                found.append(takeover.play())
            except (CommandError, RuntimeError, TimeoutError, subprocess.TimeoutExpired) as error:
                print(f"failover: {error}", file=sys.stderr)
                found.append(takeover.found)
                takeover.good = False
            good = takeover.good and good
    finally:
        shutil.rmtree(directory)
    if args.json:
        print(json.dumps({"modes": found}))
    screen.line(f"\n{'All as it should be' if good else 'Something failed'}, {time.monotonic() - start:.0f} s.")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
