"""Runs one command and says plainly what went wrong when it fails. Knows nothing of the lab."""
import subprocess


class CommandError(Exception):
    """A command that had to succeed did not. The text holds the command and what it printed."""

    def __init__(self, argv, returncode, stdout, stderr):
        self.argv, self.returncode, self.stdout, self.stderr = argv, returncode, stdout, stderr
        said = (stderr.strip() or stdout.strip() or "it printed nothing")
        super().__init__(f"`{' '.join(argv)}` ended with {returncode}: {said}")


def script(path, text, mode=0o755):
    """Writes one for sh, to be run as a program; gives its path."""
    path.write_text("#!/bin/sh\n" + text)
    path.chmod(mode)
    return path


def run(*argv, check=True, timeout=60, stdin=None, env=None, cwd=None):
    """Runs argv to its end; a subprocess.CompletedProcess with text. check: failure raises CommandError."""
    done = subprocess.run([str(a) for a in argv], input=stdin, stdin=subprocess.DEVNULL if stdin is None else None,
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
                          timeout=timeout, env=env, cwd=cwd)
    if check and done.returncode != 0:
        raise CommandError([str(a) for a in argv], done.returncode, done.stdout, done.stderr)
    return done
