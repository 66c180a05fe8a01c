"""The Internet checksum, for those who write packets themselves."""
import struct


def checksum(data):
    """Of an even number of bytes."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff
