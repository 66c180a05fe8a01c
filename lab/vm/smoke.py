"""The smoke suite on Debian's kernel: the packet tests, and traffic by NAT, DR and TUN.

The programs are this build's; packet_test is the one that runs on this host too. Time is counted in
instructions, so that no test fails because this host is busy. That takes one CPU: the tests of races
between CPUs are left to the host.
"""
import json

from lab.host import REPO, build_dir
from lab.vm import recorder
from lab.vm.image import Image
from lab.vm.machine import Machine

PACKET_TESTS = ("packet_test", "realserver_packet_test")
WAYS = ("nat", "dr", "tun")
_MODULES = ("dummy", "macvlan", "vxlan", "8021q", "sch_ingress", "cls_bpf", "nf_tables", "sctp")
_SCRIPT = """
status=0
export GTEST_TOTAL_SHARDS=$1
shift
export GTEST_SHARD_INDEX=0
for program in "$@"; do
  GTEST_OUTPUT=xml:/out/$program.xml GTEST_BRIEF=1 $program --gtest_filter='-Concurrency*' || status=1
  echo "$program: $(cut -d' ' -f1 /proc/uptime) s after boot"
done
exit $status
"""


def packets(results, echo=None, started=None, one_in=1):
    """Runs the packet tests, or one in so many of them, spread over all; their XML reports go to the directory
    `results`. A Result."""
    image = Image().base()
    image.modules(*_MODULES)
    for name in PACKET_TESTS:
        image.built(build_dir() / "bin" / name, f"/usr/sbin/{name}")
    machine = Machine(image, memory=1536, cpus=1, counted=True)
    return machine.run(_SCRIPT, str(one_in), *PACKET_TESTS, timeout=3600, echo=echo, keep=results, started=started)


def traffic(results, echo=None, started=None):
    """Plays tests/vm/ways.sh with plenum-lbd; the directory of its steps, below `results`."""
    return recorder.play("ways", "plenum", results, echo=echo, started=started, script=REPO / "tests/vm/ways.sh")


def wrong(directory):
    """What went wrong with traffic(), as a list of sentences."""
    steps = recorder.steps(directory)
    digest = (directory / "digest").read_text().strip()
    expected = {"tcp": " ".join(["rs3 rs2 rs1"] * 4) + "\nrs1=4 rs2=4 rs3=4",
                "udp": " ".join(["rs3 rs2 rs1"] * 2) + "\nrs1=2 rs2=2 rs3=2", "download": digest, "upload": digest}
    problems = []
    for way in WAYS:
        for family in (4, 6):
            for what, answer in expected.items():
                name = f"{way}-{family}-{what}"
                want = f"$ {what}\n{answer}\n[exit 0]\n"
                if steps.get(name) != want:
                    problems.append(f"{name}: expected\n{want}got\n{steps.get(name, 'nothing')}")
    reasons = {row["name"]: row for row in json.loads((directory / "drops.json").read_text())["reasons"]}
    for name in ("nat", "nat_reply", "dr", "tunnel"):
        if reasons[name]["packets"] == 0:
            problems.append(f"no packet was forwarded by {name}")
    problems += [f"{row['packets']} packets dropped: {name}" for name, row in reasons.items()
                 if row["kind"] == "drop" and row["packets"]]
    return problems
