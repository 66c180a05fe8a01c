#!/usr/bin/env python3
"""Fails when a file in src/ includes a header from its own floor or above.

A room may include itself, any room on a lower floor, and the headers of
bpf/ in SHARED_WITH_BPF. The floors are those of ARCHITECTURE.md, bottom
first.
"""
import pathlib
import re
import sys

FLOORS = [
    ["base"],
    ["net"],
    ["rt", "proto", "conf"],
    ["lb", "host", "vrrp", "bfd", "health", "proxy", "gslb", "ha"],
    ["failover", "care"],
    ["ctl"],
    ["cli", "api"],
    ["daemons"],
]
FLOOR = {name: number for number, names in enumerate(FLOORS) for name in names}
SHARED_WITH_BPF = ["abi.h", "hash.h", "locality.h", "maglev.h", "ranking.h", "realserver_abi.h", "trace_abi.h"]
INCLUDE = re.compile(r'^\s*#\s*include\s*"([a-z_0-9]+)/([^"]+)"')


def check(root: pathlib.Path) -> int:
    bad = 0
    src = root / "src"
    for path in sorted(p for p in src.rglob("*") if p.suffix in (".h", ".cc")):
        here = path.relative_to(src).parts[0]
        if here not in FLOOR:
            print(f"{path}: room '{here}' is on no floor; add it to {__file__}")
            bad += 1
            continue
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = INCLUDE.match(line)
            if not match:
                continue
            there, what = match.groups()
            if there == "bpf" and what not in SHARED_WITH_BPF:
                print(f"{path}:{number}: of bpf/ only {' and '.join(SHARED_WITH_BPF)} are shared with C++")
                bad += 1
            elif there in FLOOR and there != here and FLOOR[there] >= FLOOR[here]:
                print(f"{path}:{number}: {here} (floor {FLOOR[here]}) may not include {there} (floor {FLOOR[there]})")
                bad += 1
    return bad


if __name__ == "__main__":
    sys.exit(1 if check(pathlib.Path(sys.argv[1])) else 0)
