"""Whether a machine, and the network between two of its namespaces, were sound all the time: an echo every 10 ms on
each CPU, in real time, above anything Plenum runs at, or as an ordinary program, which sees what those see. Where all
hosts of a lab are one machine, a long work of the kernel's for one of them keeps all others from a CPU, and a flood of
one fills the queue that a CPU has for all; what a test finds missing in that moment it cannot blame on who was to send
it. Run in a host's namespace as `python3 -m lab.witness ADDRESS CPU PRIORITY`, as lab.prober is.

And where the machine is a virtual one, whether it had all of its memory: who touches a page that its host must fetch
first sleeps until it is there, while the CPU goes on with others.
"""
import contextlib
import json
import os
import sys
import threading
import time

from lab.host import PYTHON
from lab.prober import Probe
from lab.program import Program

PERIOD = 0.01
# Later than that, sent or answered, is as good as lost.
LATE = 0.025
PRIORITY, ORDINARY = 60, 0
# A machine that stands still for so long tells nothing about what is done in half a second.
STILL = 0.2
# Between two looks at how many pages were fetched, and as long as one may have taken.
LOOK, FETCH = 0.5, 1.0


def troubles(probe):
    """[[from, until]] by the clock: in which a probe was lost, or sent or answered late."""
    ahead = time.time() - time.monotonic()
    found = []
    for number, sent in enumerate(probe.sent):
        begin = probe.sent[number - 1] if number else sent
        end = probe.answered.get(number, sent + PERIOD)
        if number not in probe.answered or end - sent > LATE or sent - begin > LATE:
            found.append([begin + ahead, end + ahead])
    return united(found)


def united(spans):
    """The same time, in spans that do not overlap, in order."""
    out = []
    for begin, end in sorted(spans):
        if out and begin <= out[-1][1]:
            out[-1][1] = max(out[-1][1], end)
        else:
            out.append([begin, end])
    return out


def pages_fetched():
    """KVM's asynchronous page faults so far; 0 where there is no such thing."""
    with open("/proc/interrupts", encoding="ascii") as file:
        for line in file:
            if line.lstrip().startswith("HYP:"):
                return sum(int(word) for word in line.split() if word.isdigit())
    return 0


class Fetches:
    """[[from, until]] by the clock: in which the machine's host fetched pages."""

    def __init__(self):
        self.spans, self._end = [], threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self):
        before, since = pages_fetched(), time.time()
        while not self._end.wait(LOOK):
            now, until = pages_fetched(), time.time()
            if now != before:
                self.spans.append([since - FETCH, until])
            before, since = now, until

    def stop(self):
        self._end.set()
        self._thread.join()


class Witness:
    """The same as programs on a host of the lab, one for a CPU, until their troubles() are asked for."""

    def __init__(self, host, address, priority=PRIORITY):
        with contextlib.ExitStack() as stack:
            self.programs = [stack.enter_context(Program(host, PYTHON, "-m", "lab.witness", address, cpu, priority))
                             for cpu in sorted(os.sched_getaffinity(0))]
            self.fetches = Fetches()
            stack.callback(self.fetches.stop)
            self._end = stack.pop_all()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._end.close()

    def troubles(self):
        return united([*self.fetches.spans, *(pair for program in self.programs for pair in program.result())])


def while_it_is_sound(host, address, attempt, again=2):
    """attempt(), which asserts how soon an ordinary program does something; made again, so many times, where it failed
    and the machine stood still meanwhile."""
    while True:
        with Witness(host, address, ORDINARY) as witness:
            try:
                return attempt()
            except AssertionError as error:
                stood = [f"{end - begin:.2f} s" for begin, end in witness.troubles() if end - begin > STILL]
                if not stood or not again:
                    raise
                print(f"made again, for the machine stood still for {', '.join(stood)}: {error}", file=sys.stderr)
        again -= 1


def main():
    address, cpu, priority = sys.argv[1:]
    os.sched_setaffinity(0, [int(cpu)])
    if int(priority) != ORDINARY:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(int(priority)))
    probe = Probe(address, PERIOD)
    print("started", flush=True)
    probe.run(sys.stdin.fileno())
    print(json.dumps(troubles(probe)), flush=True)


if __name__ == "__main__":
    main()
