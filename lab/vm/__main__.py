"""`./dev vm`: the emulated machine by hand."""
import argparse
import pathlib
import sys
import tempfile

from lab.vm import interop, smoke
from lab.vm.image import Image
from lab.vm.machine import Machine, report
from lab.vm.packages import VmError


def run(args):
    image = Image().base()
    for name in args.program:
        image.program(name)
    for name in args.file:
        image.copy(name, f"/job/{pathlib.Path(name).name}")
    image.modules(*args.module)
    machine = Machine(image, memory=args.memory, counted=args.counted)
    script = pathlib.Path(args.script).read_text()
    return machine.run(script, *args.argument, timeout=args.timeout, echo=sys.stdout, keep=args.out).status


def run_smoke(_):
    with tempfile.TemporaryDirectory(prefix="plenum-vm-smoke.") as results:
        status = smoke.packets(results, echo=sys.stdout).status
        problems = smoke.wrong(smoke.traffic(results, echo=sys.stdout))
    for problem in problems:
        print(problem)
    print("smoke suite: " + ("failed" if status or problems else "passed"))
    return 1 if status or problems else 0


def run_sync(args):
    with tempfile.TemporaryDirectory(prefix="plenum-vm-sync.") as results:
        ways = args.way or interop.WAYS
        problems = interop.wrong(interop.play(args.out or results, ways, echo=sys.stdout), ways)
    for problem in problems:
        print(problem)
    print("synchronisation with the kernel's IPVS: " + ("failed" if problems else "passed"))
    return 1 if problems else 0


def main():
    parser = argparse.ArgumentParser(prog="./dev vm", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("run", help="one script of yours, with files beside it in /job")
    add.add_argument("--program", action="append", default=[], help="of this host, into the machine's path")
    add.add_argument("--file", action="append", default=[], help="into /job")
    add.add_argument("--module", action="append", default=[], help="of the kernel, to be had by modprobe")
    add.add_argument("--memory", type=int, default=1024, help="MiB")
    add.add_argument("--timeout", type=int, default=300, help="seconds")
    add.add_argument("--counted", action="store_true", help="time is instructions; waiting is free")
    add.add_argument("--out", help="where the files left in /out go")
    add.add_argument("script")
    add.add_argument("argument", nargs="*")
    add.set_defaults(run=run)
    add = commands.add_parser("smoke", help="packet tests and end-to-end traffic on Debian's kernel")
    add.set_defaults(run=run_smoke)
    add = commands.add_parser("sync", help="connections in step between the kernel's IPVS and Plenum")
    add.add_argument("--way", action="append", choices=interop.WAYS, help="this one only")
    add.add_argument("--out", help="keep what was recorded in this directory")
    add.set_defaults(run=run_sync)
    args = parser.parse_args()
    try:
        sys.exit(args.run(args))
    except VmError as error:
        report(error)


if __name__ == "__main__":
    main()
