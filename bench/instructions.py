"""`./dev bench instructions`: instructions the director spends on a packet, beside the kernel's IPVS and
the least XDP can do, all in one emulated machine where time is counted in instructions."""
import argparse
import json
import pathlib
import sys

from lab.host import build_dir
from lab.vm.image import Image
from lab.vm.machine import Machine, report
from lab.vm.packages import VmError

HERE = pathlib.Path(__file__).parent
_MODULES = ("ipip", "sch_ingress", "cls_bpf", "ip_vs", "ip_vs_rr", "nf_conntrack", "dummy")
KINDS = {"known": "UDP, 256 known flows", "known-4096": "UDP, 4,096 known flows", "new": "UDP, a new flow each",
         "tcp": "TCP ACK, 256 known flows", "tcp-new": "TCP SYN, a new flow each", "answer": "UDP, a server's answers",
         "-": "sent, received, dropped"}


def measure(only_plenum, echo):
    """[{who, method, kind, instructions, spread}], less the row `base`, which comes first as it is."""
    image = Image().base()
    for name in ("plenum", "plenum-lbd", "bench_flow"):
        image.built(build_dir() / "bin" / name, f"/usr/sbin/{name}")
    image.program("ipvsadm")
    image.modules(*_MODULES)
    machine = Machine(image, memory=1536, cpus=1, counted=True, kernel_arguments="init_on_alloc=0")
    done = machine.run((HERE / "instructions.sh").read_text(), timeout=3600, echo=echo,
                       environment={"PLENUM_ONLY": "1"} if only_plenum else {})
    rows, lost = [], []
    for line in done.output.splitlines():
        words = line.split()
        if words[:1] == ["row"]:
            rows.append((*words[1:4], [float(w) for w in words[4:]]))
        elif words[:1] == ["lost"]:
            lost.append(line)
    if done.status != 0 or lost or len(rows) < 5 or any(len(figures) != 3 for *_, figures in rows):
        raise VmError("the measurement went wrong\n" + "\n".join(lost or done.output.splitlines()[-30:]))
    base = sum(rows[0][3]) / 3
    return [{"who": who, "method": method, "kind": kind,
             "instructions": round(sum(figures) / 3 - (0 if who == "base" else base), 1),
             "spread": round((max(figures) - min(figures)) / (sum(figures) / 3), 4)}
            for who, method, kind, figures in rows]


def table(rows):
    print(f"{'':8} {'':9} {'':26} {'instructions':>12} {'spread':>7}")
    for row in rows:
        print(f"{row['who']:8} {row['method']:9} {KINDS[row['kind']]:26} {row['instructions']:12,.0f}"
              f" {row['spread']:7.1%}")


def main():
    parser = argparse.ArgumentParser(prog="./dev bench instructions", description=__doc__)
    parser.add_argument("--json", action="store_true", help="as data")
    parser.add_argument("--plenum-only", action="store_true", help="without the kernel's rows")
    parser.add_argument("--verbose", action="store_true", help="show the machine's output as it comes")
    args = parser.parse_args()
    try:
        rows = measure(args.plenum_only, sys.stderr if args.verbose else None)
    except VmError as error:
        report(error)
    if args.json:
        print(json.dumps({"unit": "instructions per packet", "rows": rows}, indent=1))
    else:
        table(rows)


if __name__ == "__main__":
    main()
