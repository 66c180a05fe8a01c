"""What is in the machine: files gathered from this host, from fetched packages and from the build,
with the libraries programs need, written as one archive. Knows nothing of booting."""
import os
import pathlib
import re
import shutil
import stat
import subprocess
import tempfile

from lab.vm import packages
from lab.vm.cpio import Archive
from lab.vm.packages import VmError

# Debian's merged directories: one place for each file, whatever path it was named by.
_MERGED = ("bin", "sbin", "lib", "lib64")
_ELF = b"\x7fELF"


def _canonical(path):
    """/bin/ip and /usr/bin/ip are one file."""
    path = os.path.normpath("/" + str(path)).lstrip("/")
    first = path.split("/", 1)[0]
    return f"usr/{path}" if first in _MERGED else path


class Image:
    """Collects; write() writes. Where two files are given one path, the last wins."""

    def __init__(self):
        self.packages = packages.unpacked()
        self.kernel = packages.Kernel()
        self.entries = {}  # path: ("link", target) | ("data", bytes, permissions) | ("copy", source)
        self.directories = set()
        for name in _MERGED:
            self.entries[name] = ("link", f"usr/{name}")
        for name in ("proc", "sys", "dev", "tmp", "run", "var/run", "var/log", "root", "mnt", "out", "usr/lib64",
                     "usr/sbin", "etc", "job"):
            self._directory(name)
        self.known_libraries = set()
        self.search = ":".join(str(d) for p in self.packages for d in p.glob("**/x86_64-linux-gnu"))

    def _directory(self, path):
        while path:
            if path in self.entries:
                return
            self.directories.add(path)
            path = path.rpartition("/")[0]

    def _put(self, path, entry):
        path = _canonical(path)
        self._directory(path.rpartition("/")[0])
        self.entries[path] = entry

    # -- gathering ----------------------------------------------------------------------
    def data(self, path, text, permissions=0o644):
        self._put(path, ("data", text.encode() if isinstance(text, str) else bytes(text), permissions))

    def link(self, path, target):
        self._put(path, ("link", target))

    def copy(self, source, path=None):
        """A file of this host, with what its links lead to and the libraries it needs; at `path`, else where
        it is here. A directory is copied with all that is below."""
        source, path = pathlib.Path(source), str(path or source)
        if source.is_symlink() and path == str(source):
            target = os.readlink(source)
            self.link(path, target)
            self.copy(source.parent / target)
        elif source.is_dir():
            for directory, _, files in os.walk(source):
                below = os.path.relpath(directory, source)
                self._directory(_canonical(os.path.normpath(f"{path}/{below}")))
                for name in files:
                    self.copy(pathlib.Path(directory) / name, os.path.normpath(f"{path}/{below}/{name}"))
        elif stat.S_ISREG(source.stat().st_mode):
            self._put(path, ("copy", source))
            self._libraries(source)

    def _libraries(self, source):
        with open(source, "rb") as file:
            if file.read(4) != _ELF:
                return
        said = subprocess.run(["ldd", source], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                              env={**os.environ, "LD_LIBRARY_PATH": self.search}, check=False).stdout
        for name, where in re.findall(r"(?:(\S+) => )?(/\S+) \(0x", said):
            if (name or where) in self.known_libraries:
                continue
            self.known_libraries.add(name or where)
            path = where if not name else f"/usr/lib/x86_64-linux-gnu/{name}"
            self._put(path, ("copy", pathlib.Path(os.path.realpath(where))))
        missing = re.search(r"(\S+) => not found", said)
        if missing:
            raise VmError(f"{source} needs {missing[1]}, which is not on this host")

    def program(self, *names):
        """Programs by name: out of the fetched packages, else as this host has them."""
        for name in names:
            fetched = [p / d / name for p in self.packages for d in ("usr/sbin", "usr/bin", "sbin", "bin")]
            found = next((p for p in fetched if p.exists()), None) or \
                shutil.which(name, path="/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin")
            if found is None:
                raise VmError(f"no program {name} on this host")
            self.copy(os.path.realpath(found), f"/usr/sbin/{name}")

    def built(self, source, path):
        """A program of the build, without its debugging symbols: the machine's disk is its memory."""
        with tempfile.NamedTemporaryFile() as stripped:
            done = subprocess.run(["strip", "--strip-debug", "-o", stripped.name, os.path.realpath(source)],
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
            if done.returncode != 0:
                raise VmError(f"strip {source}: {done.stderr.strip()}")
            self.data(path, pathlib.Path(stripped.name).read_bytes(), 0o755)
        self._libraries(os.path.realpath(source))

    def package(self, *names):
        """All files of packages installed here, manuals and documentation left out."""
        for name in names:
            listed = subprocess.run(["dpkg", "-L", name], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                    check=False)
            if listed.returncode != 0:
                raise VmError(f"package {name} is not installed: {listed.stderr.strip().splitlines()[-1]}")
            for line in listed.stdout.splitlines():
                path = pathlib.Path(line)
                if path.is_file() and not line.startswith(("/usr/share/doc", "/usr/share/man", "/usr/share/lintian")):
                    self.copy(path)

    def modules(self, *names):
        for path in self.kernel.closure(names):
            self.copy(self.kernel.modules / path, f"/lib/modules/{self.kernel.release}/{path}")

    # -- writing ------------------------------------------------------------------------
    def base(self):
        """What every script expects: a shell, the usual small programs, ip and friends, and modprobe."""
        self.program("busybox", "bash", "kmod", "ip", "tc", "ss", "nft", "ethtool", "sysctl", "nsenter")
        applets = subprocess.run([self._source("usr/sbin/busybox"), "--list"], stdout=subprocess.PIPE, text=True,
                                 check=True).stdout.split()
        for name in applets:
            if f"usr/sbin/{name}" not in self.entries:
                self.link(f"/usr/bin/{name}", "/usr/sbin/busybox")
        self.link("/usr/bin/bash", "/usr/sbin/bash")
        self.link("/usr/bin/sh", "/usr/sbin/bash")
        for name in ("modprobe", "insmod", "rmmod", "lsmod", "modinfo", "depmod"):
            self.entries.pop(f"usr/bin/{name}", None)
            self.link(f"/usr/sbin/{name}", "kmod")
        for name in self.kernel.modules.glob("modules.*"):
            self.copy(name, f"/lib/modules/{self.kernel.release}/{name.name}")
        self.modules("virtio_pci", "virtio_blk", "veth", "bridge")
        self.copy(pathlib.Path(__file__).with_name("init.sh"), "/init")
        self.data("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\nwww-data:x:33:33::/:/bin/false\n"
                  "nobody:x:65534:65534:nobody:/:/bin/false\n")
        self.data("/etc/group", "root:x:0:\nwww-data:x:33:\nnogroup:x:65534:\n")
        self.data("/etc/hosts", "127.0.0.1 localhost\n::1 localhost\n")
        self.data("/etc/nsswitch.conf", "passwd: files\ngroup: files\nhosts: files\nservices: files\n")
        for name in ("/etc/services", "/etc/protocols", "/etc/iproute2"):
            if os.path.exists(name):
                self.copy(name)
        return self

    def _source(self, path):
        return self.entries[path][1]

    def write(self, out):
        """The whole as one archive into a binary file."""
        archive = Archive(out)
        for path in sorted(self.directories - set(self.entries)):
            archive.directory(path, 0o1777 if path == "tmp" else 0o755)
        archive.character_device("dev/console", 5, 1)
        archive.character_device("dev/null", 1, 3)
        for path in sorted(self.entries):
            kind, *rest = self.entries[path]
            if kind == "link":
                archive.link(path, rest[0])
            elif kind == "data":
                archive.file(path, *rest)
            else:
                executable = rest[0].stat().st_mode & 0o111 or path == "init"
                archive.file(path, rest[0].read_bytes(), 0o755 if executable else 0o644)
        archive.end()
