"""Recorded scenarios (tests/compat/record): run in the emulated machine with the kernel's IPVS, which
makes the recordings of tests/compat/ipvs again, or with plenum-lbd in its place, which must print and
do the same. Time is counted in instructions there, so a scenario that waits an hour takes none."""
import argparse
import pathlib
import re
import sys
import tempfile

from lab.host import REPO, build_dir
from lab.vm import sync_records
from lab.vm.image import Image
from lab.vm.machine import Machine, report
from lab.vm.packages import VmError

SCRIPTS = REPO / "tests" / "compat" / "record"
RECORDINGS = REPO / "tests" / "compat" / "ipvs"
# Scenario: the script that plays it.
SCENARIOS = {"sched-nat": "sched", "sched-dr": "sched", "sched-tun": "sched", "behave": "behave",
             "sip": "sip", "sync": "sync", "tunnels": "tunnels", "list": "list", "errors": "errors", "modules": "modules"}
# Debian builds no ip_vs_twos: that scheduler is recorded only where somebody built the module.
SCHEDULERS = ("rr", "wrr", "lc", "wlc", "fo", "ovf", "lblc", "lblcr", "dh", "sh", "sed", "nq", "mh", "twos")
_MODULES = ("ipip", "ip6_tunnel", "ip_gre", "ip6_gre", "fou", "fou6", "sch_ingress", "cls_bpf", "nf_tables", "nft_ct",
            "nft_dup_ipv4", "nft_dup_ipv6", "ip_vs", "ip_vs_ftp", "ip_vs_pe_sip", "nf_conntrack",
            *(f"ip_vs_{s}" for s in SCHEDULERS))
# Seconds by which the rest of a connection's life may differ: how long a program takes to start.
_SECONDS = 3


def play(scenario, director, keep, schedulers=SCHEDULERS, echo=None, timeout=3600, started=None, script=None,
         environment=None):
    """Plays a scenario, of this name or from the file `script`, which also finds `environment`; its files are
    then below keep/SCENARIO."""
    image = Image().base()
    image.program("ipvsadm", "setpriv", "tcpdump", "diff", "curl")
    image.modules(*_MODULES)
    for name in ("cli", "srv"):
        image.built(build_dir() / "bin" / f"compat_{name}", f"/usr/sbin/{name}")
    if director == "plenum":
        for name in ("plenum", "plenum-lbd", "bench_flow"):
            image.built(build_dir() / "bin" / name, f"/usr/sbin/{name}")
    image.copy(script or SCRIPTS / f"{SCENARIOS[scenario]}.sh", f"/job/{scenario}.sh")
    machine = Machine(image, memory=1024, cpus=1, counted=True)
    done = machine.run((SCRIPTS / "scenario.sh").read_text(), scenario, timeout=timeout, echo=echo, keep=keep, started=started,
                       environment={"DIRECTOR": director, "SCHEDULERS": " ".join(schedulers), **(environment or {})})
    if done.status != 0 or not list(pathlib.Path(keep, scenario).glob("*.txt")):
        raise VmError(f"scenario {scenario} failed\n{done.output[-3000:]}")
    return pathlib.Path(keep, scenario)


def steps(directory):
    """{step's name: its text} of a recorded or played scenario. Names are without numbers: a scheduler
    left out moves those behind it."""
    found = {}
    for path in sorted(pathlib.Path(directory).glob("[0-9]*-*.txt")):
        number, _, name = path.stem.partition("-")
        if number != "00":
            found[name] = path.read_text()
    return found


# Where clients let the kernel choose their ports. These it did not choose:
_CHOSEN_PORTS = {"behave": ("port0-Lnc", "fwm-Lnc", "state-established", "state-closed", "state-60s", "state-130s"),
                 "tunnels": ("Lnc",)}
# In hash order, services with their servers.
_HASH_ORDER = ("L-nosort",)
_GIVEN_PORTS = ("0", "42000", "42001")
# Rates a second, sampled every two: where the samples fall among the traffic depends on how long all that was
# before it took, and one sample more behind it takes a quarter off.
_RATES = {"list": ("Ln-rate", "Ln-rate-exact")}
_RATE_OFF = 0.25
_CONNECTION = re.compile(r"^(TCP|UDP|SCTP|IP) +(\d+):(\d\d) +(\S+) +(\S+) +(\S+) +(\S+)(.*)$")

# A number behind blanks, as rates stand in a row.
_RATE = re.compile(r"(?<= )(\d+)(?= |$)")
_SIZE = re.compile(r"\(size=\d+\)")
_BUILT_WITH = re.compile(r"(?<=\()compiled with .* and(?= IPVS v)")


def _connections(text):
    """Rows of a list of connections without their time, sorted, and their times in the same order."""
    rows = []
    for line in text.splitlines():
        match = _CONNECTION.match(line)
        if match:
            protocol, minutes, seconds, *rest = match.groups()
            rows.append(((protocol, *rest), int(minutes) * 60 + int(seconds)))
    return sorted(rows)


def _hide_chosen_port(row):
    protocol, state, client, *rest = row
    address, _, port = client.rpartition(":")
    return (protocol, state, f"{address}:{port if port in _GIVEN_PORTS else 'any'}", *rest)


def same(recorded, played, ports_chosen=False, any_order=False, without_clients=()):
    """Whether a step did the same. Connections are listed in hash order: any order will do, and a few
    seconds more or less of their time. ports_chosen: by the kernel, so that each run has others.
    any_order: of the services too. without_clients: whose connections are not compared."""
    ours, theirs = ([(row, life) for row, life in _connections(text) if row[2].rpartition(":")[0] not in without_clients]
                    for text in (played, recorded))
    if ports_chosen:
        ours, theirs = (sorted((_hide_chosen_port(row), life) for row, life in rows) for rows in (ours, theirs))
    if ours or theirs:
        if [row for row, _ in ours] != [row for row, _ in theirs]:
            return False
        if any(abs(a - b) > _SECONDS for (_, a), (_, b) in zip(ours, theirs)):
            return False
    if any_order:
        return sorted(_services(recorded)) == sorted(_services(played))
    return _rest(recorded) == _rest(played)


def same_rates(recorded, played):
    """Whether two listings of rates are alike but for a sample more or less, which rounding moves by one."""
    ours, theirs = _rest(played), _rest(recorded)
    if len(ours) != len(theirs):
        return False
    for one, other in zip(ours, theirs):
        (name, *numbers), (expected_name, *expected) = (_RATE.split(line) for line in (one, other))
        if name != expected_name or len(numbers) != len(expected):
            return False
        if any(abs(int(a) - int(b)) > 1 + _RATE_OFF * max(int(a), int(b))
               for a, b in zip(numbers[::2], expected[::2])):
            return False
    return True


def _services(text):
    """Lines outside any service one by one, services with the lines of their servers as one."""
    blocks = []
    for line in _rest(text):
        if line.startswith("  -> ") and blocks and "LocalAddress" not in blocks[-1]:
            blocks[-1] += "\n" + line
        else:
            blocks.append(line)
    return blocks


def _rest(text):
    """The step without rows of connections, the size of the kernel's table and what ipvsadm was built with."""
    return [_BUILT_WITH.sub("compiled with N and", _SIZE.sub("(size=N)", line)) for line in text.splitlines()
            if not _CONNECTION.match(line)]


def differences(scenario, directory, without=(), without_clients=()):
    """{step: (recorded, played)} of those that differ. A recorded step that was not played differs; one played
    that has no recording has nothing to differ from. without: names of steps, or of the scheduler they begin
    with, that are not compared."""
    played, found = steps(directory), {}
    for name, recorded in steps(RECORDINGS / scenario).items():
        if any(name == w or name.startswith((f"{w}-", f"{w}_")) for w in without):
            continue
        now = played.get(name, "(no such step)\n")
        if scenario == "sync":
            alike = sync_records.same(recorded, now)
        elif name in _RATES.get(scenario, ()):
            alike = same_rates(recorded, now)
        else:
            alike = same(recorded, now, name in _CHOSEN_PORTS.get(scenario, ()), name in _HASH_ORDER, without_clients)
        if not alike:
            found[name] = (recorded, now)
    return found


def show(found):
    for name, (recorded, played) in found.items():
        print(f"--- {name}, recorded\n{recorded}+++ {name}, now\n{played}")


def main():
    parser = argparse.ArgumentParser(prog="./dev record", description=__doc__)
    parser.add_argument("director", choices=("ipvs", "plenum"))
    parser.add_argument("scenario", nargs="*", help=f"of {', '.join(SCENARIOS)}; all without a name")
    parser.add_argument("--out", help="keep what was recorded in this directory")
    parser.add_argument("--schedulers", default=",".join(SCHEDULERS), help="of the sched scenarios")
    args = parser.parse_args()
    wrong = 0
    for scenario in args.scenario or SCENARIOS:
        with tempfile.TemporaryDirectory(prefix="plenum-record.") as directory:
            try:
                made = play(scenario, args.director, args.out or directory, args.schedulers.split(","), echo=sys.stderr)
            except VmError as error:
                report(error)
            found = differences(scenario, made)
            show(found)
            print(f"{scenario}: {len(steps(made))} steps, {len(found)} differ from the recording")
            wrong += bool(found)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
