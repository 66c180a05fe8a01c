"""A program on a host of the lab that says in lines what it does, as those of lab/ and bench/ do, in JSON."""
import json
import subprocess

from lab.host import stop


class Program:
    """From its first line, which says that it has begun, until it ends by itself or `with` ends it."""

    def __init__(self, host, *argv, **options):
        self.process = host.popen(*argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, **options)
        self.first = self.line()
        if not self.first:
            raise RuntimeError(f"`{' '.join(map(str, argv))}` ended with {self.process.wait()} before it began")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        stop(self.process)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe:
                pipe.close()

    def line(self):
        """The next one; nothing when it has ended."""
        return self.process.stdout.readline()

    def lines(self, timeout=120):
        """All that are left. It is told by the end of its input that no more is wanted."""
        return self.process.communicate(timeout=timeout)[0].splitlines()

    def result(self, timeout=120):
        """What it found, by its last line."""
        return json.loads(self.lines(timeout)[-1])
