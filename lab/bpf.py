"""The bpf(2) system call, for what needs no library: Debian's Python has none for it."""
import ctypes
import os
import platform

_SYSCALL = {"x86_64": 321, "aarch64": 280}


def bpf(command, attributes):
    """The call's result. `attributes`: the bytes of union bpf_attr as the command wants them. OSError."""
    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(attributes, 128)
    result = libc.syscall(_SYSCALL[platform.machine()], command, buffer, len(buffer))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"bpf({command}): {os.strerror(number)}")
    return result
