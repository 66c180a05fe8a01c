"""One run of the emulated machine: boots an image, runs a script in it, brings back its output, its
exit code and the files it left in /out. Knows qemu; knows nothing of what the script does."""
import contextlib
import io
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tarfile
import tempfile
import threading

from lab.vm.cpio import Archive
from lab.vm.packages import VmError

QEMU = "qemu-system-x86_64"
_KERNEL_ARGUMENTS = ("console=ttyS0 panic=-1 quiet loglevel=4 mitigations=off nokaslr random.trust_cpu=on "
                     "no_timer_check tsc=reliable audit=0")
_OUT_SIZE = 256 << 20


class Result:
    """status: the script's exit code. output: what it printed. out: directory with what it left in /out."""

    def __init__(self, status, output, out):
        self.status, self.output, self.out = status, output, out


class Machine:
    """image: an Image. memory in MiB. counted: time is counted in instructions (one a nanosecond; CPUs take
    turns) and idle time is skipped: runs repeat, to wait costs nothing, and a busy host changes nothing."""

    def __init__(self, image, memory=1024, cpus=2, counted=False, kernel_arguments="", qemu_arguments=()):
        if shutil.which(QEMU) is None:
            raise VmError(f"{QEMU} is not installed (Debian package qemu-system-x86)")
        self.image, self.memory, self.cpus, self.counted = image, memory, cpus, counted
        self.kernel_arguments, self.qemu_arguments = kernel_arguments, list(qemu_arguments)

    def _argv(self, directory):
        cpu, extra, threads = "max,la57=off", [], "multi"
        if self.counted:
            # Without fast string operations (one instruction, however long) and random numbers.
            cpu += ",erms=off,fsrm=off,rdrand=off,rdseed=off"
            extra = ["-icount", "shift=0,sleep=off", "-rtc", "base=2025-01-01,clock=vm", "-seed", "1"]
            threads = "single"
        return [QEMU, "-M", "pc", "-accel", f"tcg,thread={threads},tb-size=256", "-cpu", cpu, "-smp", str(self.cpus),
                "-m", str(self.memory), "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                "-kernel", str(self.image.kernel.boot), "-initrd", f"{directory}/initrd",
                "-append", f"{_KERNEL_ARGUMENTS} {self.kernel_arguments}",
                "-serial", f"file:{directory}/console", "-serial", "stdio", "-serial", f"file:{directory}/status",
                "-drive", f"file={directory}/disk,format=raw,if=virtio,cache=unsafe", *extra, *self.qemu_arguments]

    def run(self, script, *arguments, timeout=300, echo=None, keep=None, environment=None, started=None):
        """script: text for bash, run as /job/script. echo: a text file that takes its output as it comes.
        keep: where the contents of /out go. started: is told the process, which may be killed from another
        thread. Raises VmError where the machine does not end by itself."""
        with tempfile.TemporaryDirectory(prefix="plenum-vm.") as directory:
            with open(f"{directory}/initrd", "wb") as out:
                self.image.write(out)
                _job(out, script, arguments, environment or {})
            with open(f"{directory}/disk", "wb") as disk:
                disk.truncate(_OUT_SIZE)
            output = self._boot(directory, timeout, echo, started)
            status = re.search(r"^status (\d+)", _text(f"{directory}/status"), re.MULTILINE)
            if status is None:
                console = "\n".join(_text(f"{directory}/console").splitlines()[-15:])
                raise VmError(f"the machine ended without a word\n{console}\n{output[-2000:]}")
            if keep is not None:
                pathlib.Path(keep).mkdir(parents=True, exist_ok=True)
                with contextlib.closing(tarfile.open(f"{directory}/disk", "r:")) as tar:
                    tar.extractall(keep)
            return Result(int(status[1]), output, keep)

    def _boot(self, directory, timeout, echo, started):
        qemu = subprocess.Popen(self._argv(directory), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT, text=True, errors="replace")
        if started is not None:
            started(qemu)
        expired = threading.Event()

        def end():
            expired.set()
            qemu.kill()

        timer = threading.Timer(timeout, end)
        timer.start()
        output = io.StringIO()
        try:
            for line in qemu.stdout:
                output.write(line)
                if echo is not None:
                    echo.write(line)
                    echo.flush()
        except BaseException:
            qemu.kill()
            raise
        finally:
            timer.cancel()
            qemu.wait()
        if expired.is_set():
            raise VmError(f"the machine ran for {timeout} s and was switched off\n{output.getvalue()[-2000:]}"
                          f"\n{_text(directory + '/console')[-1000:]}")
        return output.getvalue()


def _text(path):
    return pathlib.Path(path).read_text(errors="replace") if os.path.exists(path) else ""


def _job(out, script, arguments, environment):
    """The script and what it is given, as an archive behind the image's."""
    archive = Archive(out)
    archive.file("job/script", script.encode(), 0o755)
    archive.file("job/arguments", "".join(f"{a}\n" for a in arguments).encode())
    archive.file("job/environment", "".join(f"export {k}={shlex.quote(str(v))}\n"
                                            for k, v in environment.items()).encode())
    archive.end()


def report(error):
    """Ends the program with what went wrong."""
    sys.exit(f"emulated machine: {error}")
