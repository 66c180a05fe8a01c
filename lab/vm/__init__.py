"""Debian's own kernel in an emulated machine: 6.1 to load and try the data plane on, IPVS to
record and to measure against. Software emulation (qemu's TCG), so it needs no KVM and, where
instructions are counted, gives the same figures everywhere.

packages  fetches Debian packages beside the build; nothing of them is installed on this host
cpio      writes the archive a kernel unpacks as its first file system
image     gathers programs, libraries and kernel modules into such an archive
machine   boots it, runs one script in it and brings back what it printed and left
"""
