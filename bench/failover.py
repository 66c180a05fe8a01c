"""`./dev bench failover`: how long a virtual address is away when the director that has it fails, seen by a
prober that asks every millisecond; keepalived beside Plenum in the same network, one after the other."""
import argparse
import contextlib
import json
import sys
import time

from lab.burners import burners
from lab.host import end_on_sigterm, wait_for
from lab.network import Lab
from lab.pair import Pair
from lab.prober import Prober

PROGRAMS = ("plenum", "keepalived")
BFD = "30ms"
# Case: what the daemons are told, and what befalls the master (a method of Pair).
CASES = {
    "silent-bfd": ({"advert": "1s", "bfd": BFD}, "cut_off"),
    "silent-1s": ({"advert": "1s"}, "cut_off"),
    "silent-100ms": ({"advert": "100ms"}, "cut_off"),
    "kill": ({"advert": "1s", "bfd": BFD}, "killed"),
    "freeze": ({"advert": "1s", "bfd": BFD}, "frozen"),
    "stop": ({"advert": "1s", "bfd": BFD}, "stopped"),
    "starved": ({"advert": "1s", "bfd": BFD}, "cut_off"),
    "one-way": ({"advert": "1s", "bfd": BFD}, "dumb"),
}
ABOUT = {
    "silent-bfd": f"port detached; adverts 1 s, BFD {BFD} x 3",
    "silent-1s": "port detached; adverts 1 s",
    "silent-100ms": "port detached; adverts 100 ms",
    "kill": f"daemon killed; adverts 1 s, BFD {BFD} x 3",
    "freeze": f"daemon stopped (SIGSTOP); adverts 1 s, BFD {BFD} x 3",
    "stop": f"daemon told to stop; adverts 1 s, BFD {BFD} x 3",
    "starved": "as silent-bfd, beside eight programs that want a CPU each",
    "one-way": f"what the master sends is lost; adverts 1 s, BFD {BFD} x 3",
}
BURNERS = 8
# At the longest the peers' three adverts and skew, with room.
LIMIT = 15


def outage(pair, befall):
    """Milliseconds of one failure; the pair is as before behind it."""
    with Prober(pair.router, pair.vip) as prober:
        time.sleep(0.3)
        with getattr(pair, befall)():
            wait_for(pair.taken_over, "the second director to take over", timeout=LIMIT, every=0.02)
            # Whatever is still wrong behind a takeover (a neighbour that was not told) shows within this.
            time.sleep(0.7)
            found = prober.result()
    pair.settle()
    if found["unanswered_at_the_end"] > 300:
        raise RuntimeError(f"the address did not come back: {found}")
    return max(found["longest_ms"], 0.0), found


def percentile(values, part):
    """The value that `part` of them do not exceed: the greatest of 20 at 0.99."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, -(-int(len(ordered) * part * 100) // 100) - 1))]


def measure(program, case, runs, say):
    options, befall = CASES[case]
    values, false = [], 0
    with Lab("dr-pair") as lab:
        pair = Pair(lab).start(program, **options)
        with burners(BURNERS) if case == "starved" else contextlib.nullcontext():
            for run in range(runs):
                time.sleep(1.5)  # advertisements in both ways, as between failures of another day
                if not pair.well():
                    false += 1
                    pair.settle()
                ms, found = outage(pair, befall)
                values.append(ms)
                say(f"{program:10} {case:12} {run + 1:3}: {ms:8.1f} ms  (own pause {found['own_pause_ms']} ms)")
        for daemon in pair.daemons:
            daemon.stop()
    return {"program": program, "case": case, "runs": runs, "p50_ms": round(percentile(values, 0.5), 2),
            "p99_ms": round(percentile(values, 0.99), 2), "min_ms": round(min(values), 2), "false_failovers": false}


def table(rows):
    print(f"{'':12} {'plenum p50':>11} {'p99':>9} {'keepalived p50':>15} {'p99':>9} {'ratio':>7}")
    by = {(row["program"], row["case"]): row for row in rows}
    for case in CASES:
        ours, theirs = by.get(("plenum", case)), by.get(("keepalived", case))
        if not ours and not theirs:
            continue
        cells = [f"{case:12}"]
        for row, width in ((ours, 11), (theirs, 15)):
            cells += [f"{row['p50_ms']:{width}.1f} {row['p99_ms']:9.1f}" if row else " " * (width + 10)]
        ratio = f"{theirs['p50_ms'] / ours['p50_ms']:7.1f}" if ours and theirs and ours["p50_ms"] else ""
        print(*cells, ratio, "", ABOUT[case])


def main():
    parser = argparse.ArgumentParser(prog="./dev bench failover", description=__doc__)
    parser.add_argument("--json", action="store_true", help="as data")
    parser.add_argument("--runs", type=int, default=20, help="of each case (20)")
    parser.add_argument("--case", action="append", choices=CASES, help="only this one")
    parser.add_argument("--program", action="append", choices=PROGRAMS, help="only this one")
    args = parser.parse_args()
    end_on_sigterm()
    say = (lambda _: None) if args.json else (lambda text: print(text, file=sys.stderr, flush=True))
    rows = [measure(program, case, args.runs, say)
            for case in args.case or CASES for program in args.program or PROGRAMS]
    if args.json:
        print(json.dumps({"rows": rows}))
    else:
        table(rows)
    return 0


if __name__ == "__main__":
    sys.exit(main())
