"""Debian packages as files: fetched once into build/vm and unpacked there, never installed.

Knows apt and dpkg-deb; knows nothing of kernels, save where Debian's package puts one.
"""
import fcntl
import pathlib
import re
import subprocess

from lab.host import REPO

DIRECTORY = REPO / "build" / "vm"
# The kernel for virtual machines: the network code is that of the usual one, the package a third of it.
KERNEL = "linux-image-cloud-amd64"
# What the machine runs and a development host need not have.
PROGRAMS = ("busybox-static", "kmod", "libkmod2", "ipvsadm", "libnl-genl-3-200", "libpopt0")


class VmError(Exception):
    """The emulated machine cannot be had, or did not do what it was told to. The text says why."""


def _run(*argv, cwd=None):
    done = subprocess.run([str(a) for a in argv], cwd=cwd, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode != 0:
        last = done.stdout.strip().splitlines()[-1:] or ["it said nothing"]
        raise VmError(f"`{' '.join(str(a) for a in argv)}` ended with {done.returncode}: {last[0]}")
    return done.stdout


def _download(package):
    """The package's file in build/vm/debs; the newest where there are several."""
    debs = DIRECTORY / "debs"
    debs.mkdir(parents=True, exist_ok=True)
    there = sorted(debs.glob(f"{package}_*.deb"), key=lambda p: p.stat().st_mtime)
    if there:
        return there[-1]
    try:
        _run("apt-get", "download", package, cwd=debs)
    except VmError:
        _run("apt-get", "update")  # a fresh host has no lists yet
        _run("apt-get", "download", package, cwd=debs)
    return next(debs.glob(f"{package}_*.deb"))


def _kernel_package():
    """The name of the package that the meta package stands for, with its version in it."""
    fetched = sorted((DIRECTORY / "debs").glob("linux-image-*.deb"))
    if fetched:
        return fetched[-1].name.split("_")[0]
    for update in (False, True):
        if update:
            _run("apt-get", "update")
        found = re.search(r"Depends: (linux-image-\S+)", _apt_depends())
        if found:
            return found[1]
    raise VmError(f"apt knows no {KERNEL}")


def _apt_depends():
    return subprocess.run(["apt-cache", "depends", KERNEL], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                          text=True, check=False).stdout


def _unpack(package):
    """The package's files under a directory of their own, which is given."""
    where = DIRECTORY / "root" / package
    if not where.is_dir():
        part = where.with_suffix(".part")
        _run("rm", "-rf", part)
        part.mkdir(parents=True)
        _run("dpkg-deb", "-x", _download(package), part)
        part.rename(where)
    return where


def unpacked():
    """[directory of each package], with `busybox` and `kmod` among them. Fetches what is missing."""
    with _lock():
        return [_unpack(package) for package in PROGRAMS]


class Kernel:
    """release: "6.1.0-56-cloud-amd64"; boot: the image; modules: lib/modules/RELEASE, with its indexes."""

    def __init__(self):
        with _lock():
            package = _kernel_package()
            root = _unpack(package)
            self.release = package.removeprefix("linux-image-")
            self.root, self.modules = root, root / "lib" / "modules" / self.release
            self.boot = root / "boot" / f"vmlinuz-{self.release}"
            if not (self.modules / "modules.dep").exists():
                _depmod(root, self.release)

    def closure(self, names):
        """Paths of these modules and of those they need, below modules. Names not there are left out."""
        needs = {}
        for line in (self.modules / "modules.dep").read_text().splitlines():
            path, _, more = line.partition(":")
            needs[path] = more.split()
        by_name = {pathlib.PurePath(path).name.removesuffix(".ko").replace("-", "_"): path for path in needs}
        wanted = set()
        for name in names:
            path = by_name.get(name.replace("-", "_"))
            if path:
                wanted |= {path, *needs[path]}
        return sorted(wanted)


def _depmod(root, release):
    kmod = {p.name: p for p in (DIRECTORY / "root").glob("*/bin/kmod")}.get("kmod")
    if kmod is None:
        kmod = _unpack("kmod") / "bin" / "kmod"
    library = _unpack("libkmod2") / "usr" / "lib" / "x86_64-linux-gnu"
    depmod = DIRECTORY / "depmod"
    depmod.unlink(missing_ok=True)
    depmod.symlink_to(kmod)
    _run("env", f"LD_LIBRARY_PATH={library}", depmod, "-b", root, release)


class _lock:  # pylint: disable=invalid-name
    """Two commands at once fetch one after the other."""

    def __enter__(self):
        DIRECTORY.mkdir(parents=True, exist_ok=True)
        self.file = open(DIRECTORY / "lock", "w", encoding="ascii")
        fcntl.flock(self.file, fcntl.LOCK_EX)

    def __exit__(self, *_):
        self.file.close()
