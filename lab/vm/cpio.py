"""Writes a "newc" cpio archive, which the kernel unpacks as its first file system. Knows the
format only; the file's owner is always root, its time always 0, so that the same files give the
same archive."""
import stat


class Archive:
    """Borrows `out`, a binary file. Paths are relative to the root; parents come before what is in them."""

    def __init__(self, out):
        self.out, self.inode = out, 0

    def _member(self, path, mode, data=b"", device=(0, 0)):
        name = path.encode() + b"\0"
        self.inode += 1
        fields = (self.inode, mode, 0, 0, 1, 0, len(data), 0, 0, *device, len(name), 0)
        self._padded(b"070701" + b"".join(b"%08x" % f for f in fields) + name)
        self._padded(data)

    def _padded(self, data):
        self.out.write(data + b"\0" * (-len(data) % 4))

    def directory(self, path, permissions=0o755):
        self._member(path, stat.S_IFDIR | permissions)

    def file(self, path, data, permissions=0o644):
        self._member(path, stat.S_IFREG | permissions, data)

    def link(self, path, target):
        self._member(path, stat.S_IFLNK | 0o777, str(target).encode())

    def character_device(self, path, major, minor):
        self._member(path, stat.S_IFCHR | 0o600, device=(major, minor))

    def end(self):
        """Archives may follow one another: each ends with this."""
        self._member("TRAILER!!!", 0)
