"""`plenum top` on a terminal: what it shows, its keys, its size, and that the terminal is left as it was."""
import fcntl
import json
import os
import pty
import re
import select
import signal
import struct
import termios

import pytest

from lab.host import environment, wait_for
from lab.program import Program
from stage import Stage


@pytest.fixture(scope="module")
def busy(large):
    with Stage("dr", large) as made:
        made.standard_services((4,))
        with made.client.background("http", made.vip(4), concurrency=2, pause=0.01):
            yield made


class Screen:
    """`plenum top` on a pty; text() is what it drew last."""

    def __init__(self, stage, *argv, size=(24, 100)):
        self.master, slave = pty.openpty()
        self.resize(*size)
        self.before = termios.tcgetattr(slave)
        self.slave, self.bytes = slave, b""
        host = stage.director.host
        pid = os.fork()
        if pid == 0:
            os.setsid()
            fcntl.ioctl(slave, termios.TIOCSCTTY, 0)
            for fd in (0, 1, 2):
                os.dup2(slave, fd)
            words = [str(word) for word in host.argv("plenum", "top", *argv)]
            os.execvpe(words[0], words, environment(**host.env))
        self.pid, self.code = pid, None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.master)
        os.close(self.slave)

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def press(self, keys):
        os.write(self.master, keys.encode())

    def read(self):
        while select.select([self.master], [], [], 0)[0]:
            try:
                self.bytes += os.read(self.master, 65536)
            except OSError:  # the last one closed its end
                return

    def text(self):
        """The last whole frame, a list of lines."""
        self.read()
        frames = self.bytes.decode(errors="replace").replace("\r", "").split("\x1b[H")
        if len(frames) < 3:
            return []
        # The last line is put in its place by a row's number, all else is what the screen has no use for.
        frame = re.sub(r"\x1b\[\d+;1H", "\n", frames[-2])
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", frame).splitlines()

    def shows(self, condition, what):
        def look():
            lines = self.text()
            return lines if lines and condition(lines) else None
        return wait_for(look, what)

    def end(self):
        """Waits until it is gone: (exit code or -signal, whether the terminal is as it was)."""
        def gone():
            self.read()
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.code = os.waitstatus_to_exitcode(status)
            return self.code is not None
        wait_for(gone, "top to end")
        self.read()
        return self.code, termios.tcgetattr(self.slave) == self.before and self.bytes.endswith(b"\x1b[?1049l")


def column(lines, name):
    """The numbers of the rows below a column's title."""
    end = lines[1].index(name) + len(name)
    return [line[:end].split()[-1] for line in lines[2:-1] if line.strip()]


def test_rates_move_and_keys_change_the_order(busy):
    with Screen(busy, "--interval", "1s") as screen:
        lines = screen.shows(lambda s: any(n not in ("0", "") for n in column(s, "CONN/S")), "connections a second")
        assert lines[0].startswith("plenum top  ") and "6 services, 18 servers" in lines[0], lines
        assert len(lines) <= 24 and all(len(line) <= 100 for line in lines), lines
        assert lines[-1].startswith("by bytes, rows 1-21 of 24"), lines
        screen.press("s")
        lines = screen.shows(lambda s: "rows 1-6 of 6" in s[-1], "services alone")
        assert not [line for line in lines if "->" in line], lines
        screen.press("n")
        lines = screen.shows(lambda s: s[-1].startswith("by name,"), "the order by name")
        names = [line.split("  ")[0] for line in lines[2:-1] if line.strip()]
        assert names == sorted(names) and len(names) == 6, names
        screen.press("r")
        lines = screen.shows(lambda s: "reversed" in s[-1], "the order reversed")
        assert [line.split("  ")[0] for line in lines[2:-1] if line.strip()] == names[::-1]
        screen.press("q")
        assert screen.end() == (0, True)


def test_scrolls_and_follows_the_terminal_s_size(busy):
    with Screen(busy, size=(10, 80)) as screen:
        screen.shows(lambda s: "rows 1-7 of 24" in s[-1], "the first rows")
        screen.press("\x1b[B")
        screen.shows(lambda s: "rows 2-8 of 24" in s[-1], "one row further")
        screen.press("\x1b[6~")
        screen.shows(lambda s: "rows 8-14 of 24" in s[-1], "a page further")
        screen.press("\x1b[F")
        screen.shows(lambda s: "rows 18-24 of 24" in s[-1], "the end")
        screen.resize(40, 120)
        os.kill(screen.pid, signal.SIGWINCH)
        lines = screen.shows(lambda s: "rows 1-24 of 24" in s[-1], "all rows")
        assert len(lines[1]) == 120, lines
        screen.press("q")
        assert screen.end() == (0, True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_the_terminal_as_it_was(busy, number):
    with Screen(busy) as screen:
        screen.shows(lambda s: s[-1].startswith("by bytes"), "a screen")
        os.kill(screen.pid, number)
        assert screen.end() == (0, True)


def test_a_daemon_that_comes_back_is_shown_again(busy):
    with Screen(busy) as screen:
        screen.shows(lambda s: s[-1].startswith("by bytes"), "a screen")
        busy.director.kill()
        screen.shows(lambda s: "lbd.sock" in s[-1] or "hung up" in s[-1], "what is wrong")
        busy.director.start()
        screen.shows(lambda s: s[-1].startswith("by bytes"), "the screen again")
        screen.press("\x03")
        assert screen.end() == (0, True)


def test_once_and_json_are_for_programs(busy):
    text = busy.director.plenum("top", "--once").stdout.splitlines()
    assert text[0].split()[:3] == ["SERVICE", "WEIGHT", "ACTIVE"] and len(text) == 25, text
    once = busy.director.ask("top", "--once")
    assert len(once["services"]) == 6 and all(len(s["servers"]) == 3 for s in once["services"]), once
    with Program(busy.director.host, "plenum", "top", "--json") as top:
        lines = [json.loads(line) for line in (top.first, top.line(), top.line())]
        top.process.terminate()
        assert top.process.wait(10) == 0
    web = next(s for s in lines[-1]["services"] if s["in_packets_per_second"])
    assert web["connections_per_second"] > 0 and web["in_bytes_per_second"] > 40, web
    servers = sum(s["in_packets_per_second"] for s in web["servers"])
    assert abs(servers - web["in_packets_per_second"]) < 1, web
    assert busy.director.plenum("top", check=False).returncode == 1
