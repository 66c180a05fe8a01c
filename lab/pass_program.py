"""An XDP program that passes everything, two instructions long, loaded and pinned without a compiler.

Why the lab needs one is told in network.py.
"""
import ctypes
import os
import struct

from lab.bpf import bpf

_PROG_LOAD, _OBJ_PIN, _PROG_TYPE_XDP, _XDP_PASS = 5, 6, 6, 2


def pin(path):
    """Loads it and pins it at path, which is in a BPF file system. Needs CAP_BPF and CAP_NET_ADMIN."""
    # r0 = XDP_PASS; exit (struct bpf_insn: opcode, registers, offset, immediate)
    code = struct.pack("=BBhi", 0xB7, 0, 0, _XDP_PASS) + struct.pack("=BBhi", 0x95, 0, 0, 0)
    instructions, name = ctypes.create_string_buffer(code), ctypes.create_string_buffer(b"Dual BSD/GPL")
    # union bpf_attr for BPF_PROG_LOAD: type, number of instructions, their address, license's address
    fd = bpf(_PROG_LOAD, struct.pack("=IIQQ", _PROG_TYPE_XDP, 2, ctypes.addressof(instructions),
                                     ctypes.addressof(name)))
    try:
        where = ctypes.create_string_buffer(os.fsencode(path))
        bpf(_OBJ_PIN, struct.pack("=QI", ctypes.addressof(where), fd))
    finally:
        os.close(fd)
