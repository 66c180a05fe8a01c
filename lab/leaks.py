"""What a run of the tests left on this host: compares before and after, and cleans up.

before FILE       notes what is there
after FILE REPORT names what is there and was not; writes REPORT as JUnit XML; removes what this run's labs left
clean             ends this run's programs and takes down its labs

A program belongs to the run when its environment has the run's PLENUM_TEST_RUN.
"""
import json
import os
import pathlib
import signal
import sys
from xml.etree import ElementTree

from lab.host import wait_for
from lab.network import Lab

RUN = os.environ.get("PLENUM_TEST_RUN", "")


def programs():
    """Programs of this run other than this one and those it descends from."""
    mine, pid = set(), os.getpid()
    while pid > 1:
        mine.add(pid)
        pid = int(pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    found = {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) in mine:
            continue
        try:
            if f"PLENUM_TEST_RUN={RUN}".encode() in (entry / "environ").read_bytes().split(b"\0"):
                found[int(entry.name)] = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode().strip()
        except OSError:
            pass  # ended meanwhile
    return found


def snapshot():
    mounts = [line.split()[4] for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines()]
    # `ip netns` mounts this directory on itself at its first use, for good.
    mounts = [where for where in mounts if where != "/run/netns"]
    pinned = [str(p) for p in pathlib.Path("/sys/fs/bpf").rglob("*")]
    temporary = [str(p) for p in pathlib.Path("/tmp").glob("plenum-*")]
    namespaces = [str(p) for p in pathlib.Path("/run/netns").glob("*")]
    return {"namespace": namespaces, "mount": mounts, "pinned BPF object": pinned, "file": temporary,
            "state of a lab": [s["id"] for s in Lab.known()]}


def clean():
    for sig in (signal.SIGTERM, signal.SIGKILL):
        for pid in programs():
            try:
                os.kill(pid, sig)
            except ProcessLookupError:
                pass
        try:
            wait_for(lambda: not programs(), "programs to end", timeout=5)
            break
        except TimeoutError:
            continue
    for state in Lab.known():
        if RUN and state["run"] == RUN:
            Lab.load(state["id"]).down()


def main(argv):
    if argv[0] == "clean":
        clean()
        return 0
    if argv[0] == "before":
        pathlib.Path(argv[1]).write_text(json.dumps(snapshot()))
        return 0
    before, after = json.loads(pathlib.Path(argv[1]).read_text()), snapshot()
    left = [f"{kind} {thing}" for kind, things in after.items() for thing in sorted(set(things) - set(before[kind]))]
    left += [f"program {pid}: {line}" for pid, line in programs().items()]
    suite = ElementTree.Element("testsuite", name="leaks", tests="1", failures=str(int(bool(left))))
    case = ElementTree.SubElement(suite, "testcase", classname="leaks", name="nothing is left behind")
    if left:
        ElementTree.SubElement(case, "failure", message="left behind").text = "\n".join(left)
        print("left behind:", *left, sep="\n  ")
    ElementTree.ElementTree(suite).write(argv[2])
    clean()
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
