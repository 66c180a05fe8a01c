"""An ICMP echo every millisecond, and when answers were missing. Run in a host's namespace as
`python3 -m lab.prober ADDRESS`; ends with the end of its standard input and prints one JSON object.

An outage is the time from the last probe that was answered to the first one behind it that is
answered again, both by when they were sent; a single lost probe is one of two milliseconds.
"""
import argparse
import json
import os
import select
import socket
import struct
import sys
import time

from lab.checksum import checksum
from lab.host import PYTHON
from lab.program import Program

# Probes are numbered around 65,536, a minute's worth: an answer later than half of that is not told apart.
ROUND = 1 << 16


class Probe:
    def __init__(self, address, period):
        self.six = ":" in address
        self.address, self.period = address, period
        family, protocol = (socket.AF_INET6, socket.IPPROTO_ICMPV6) if self.six else (socket.AF_INET, socket.IPPROTO_ICMP)
        self.socket = socket.socket(family, socket.SOCK_RAW, protocol)
        self.socket.setblocking(False)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
        self.ident = os.getpid() & 0xffff
        self.sent, self.answered, self.unsent = [], {}, 0  # answered: number: when

    def send(self):
        number = len(self.sent)
        header = struct.pack("!BBHHH", 128 if self.six else 8, 0, 0, self.ident, number % ROUND)
        if not self.six:
            header = header[:2] + struct.pack("!H", checksum(header)) + header[4:]
        self.sent.append(time.monotonic())
        try:
            self.socket.sendto(header, (self.address, 0))
        except OSError:      # no route or no neighbour: as good as unanswered
            self.unsent += 1

    def receive(self):
        while True:
            try:
                data = self.socket.recv(2048)
            except BlockingIOError:
                return
            except OSError:  # an ICMP error about a probe
                continue
            at = 0 if self.six else (data[0] & 15) * 4
            if len(data) < at + 8 or data[at] != (129 if self.six else 0):
                continue
            ident, low = struct.unpack("!HH", data[at + 4:at + 8])
            if ident == self.ident:
                last = len(self.sent) - 1
                self.answered[last - (last - low) % ROUND] = time.monotonic()

    def run(self, until):
        """Until `until`, a file descriptor, is at its end."""
        due = time.monotonic()
        while True:
            wait = max(0.0, due - time.monotonic())
            ready, _, _ = select.select([self.socket, until], [], [], wait)
            if self.socket in ready:
                self.receive()
            if until in ready and not os.read(until, 1):
                break
            now = time.monotonic()
            if now >= due:
                self.send()
                # What a busy machine made late is not made up for in a burst.
                due = max(due + self.period, now)
        end = time.monotonic() + 0.2
        while (left := end - time.monotonic()) > 0:
            select.select([self.socket], [], [], left)
            self.receive()

    def outages(self):
        """[(when it began in seconds from the start, milliseconds)], of those longer than a lost probe or two."""
        found, last = [], None
        for number in sorted(self.answered):
            when = self.sent[number]
            if last is not None and number > last + 2:
                found.append((round(self.sent[last] - self.sent[0], 4), round((when - self.sent[last]) * 1000, 2)))
            last = number
        return found

    def findings(self):
        # Behind the last answer there may be some under way: those do not count, more do.
        silent = len(self.sent) - 1 - max(self.answered, default=-1)
        pauses = [b - a for a, b in zip(self.sent, self.sent[1:])]
        outages = self.outages()
        return {"sent": len(self.sent), "answered": len(self.answered), "unsent": self.unsent,
                "longest_ms": max((ms for _, ms in outages), default=0.0), "outages": outages,
                "unanswered_at_the_end": silent,
                # What the prober itself was late by, at worst: it cannot see less.
                "own_pause_ms": round(max(pauses, default=0.0) * 1000, 2)}


class Prober(Program):
    """The same as a program on a host of the lab, until its result() is asked for."""

    def __init__(self, host, address):
        super().__init__(host, PYTHON, "-m", "lab.prober", address)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("address")
    parser.add_argument("--period", type=float, default=0.001)
    args = parser.parse_args()
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(40))
    except PermissionError:
        pass
    prober = Probe(args.address, args.period)
    print("started", flush=True)
    prober.run(sys.stdin.fileno())
    print(json.dumps(prober.findings()), flush=True)


if __name__ == "__main__":
    main()
