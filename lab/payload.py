"""The large file of downloads and uploads: the same bytes in every run, so that its checksum is known."""
import functools
import hashlib
import pathlib
import random

SIZE = 200 * 1024 * 1024
_SEED = 20011


@functools.lru_cache(maxsize=None)
def write(path, size=SIZE):
    """Writes the file; its SHA-256 as hexadecimal digits. Bytes follow from size alone."""
    source, digest, left = random.Random(_SEED), hashlib.sha256(), size
    with open(pathlib.Path(path), "wb") as out:
        while left:
            block = source.randbytes(min(left, 1 << 20))
            digest.update(block)
            out.write(block)
            left -= len(block)
    return digest.hexdigest()
