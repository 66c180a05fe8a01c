"""A machine that is busy: programs that want a CPU each."""
import contextlib
import subprocess

from lab.host import PYTHON, stop


@contextlib.contextmanager
def burners(count):
    running = [subprocess.Popen([PYTHON, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for process in running:
            stop(process, grace=0.0)
