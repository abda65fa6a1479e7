"""Keeps a child, and all that it starts, from connecting to anybody: to sockets in the file system too."""

import platform
import struct
import sys
from collections.abc import Callable

_PR_SET_NO_NEW_PRIVS, _PR_SET_SECCOMP, _SECCOMP_MODE_FILTER = 38, 22, 2
# AUDIT_ARCH_... of linux/audit.h, and the number of connect(2) there.
_CONNECT = {"x86_64": (0xC000003E, 42), "aarch64": (0xC00000B7, 203)}
# BPF_LD|BPF_W|BPF_ABS, BPF_JMP|BPF_JEQ|BPF_K, BPF_RET|BPF_K
_LOAD, _JUMP_IF_EQUAL, _RETURN = 0x20, 0x15, 0x06
_ALLOW, _REFUSE = 0x7FFF0000, 0x00050000 | 13  # SECCOMP_RET_ERRNO with EACCES
_NUMBER, _ARCHITECTURE = 0, 4  # Offsets in struct seccomp_data.


def can_deny_connections() -> bool:
    """Return True where this system's calls are known."""
    return sys.platform == "linux" and platform.machine() in _CONNECT


def deny_connections() -> Callable[[], None]:
    """Return the call by which a new child gives up connect(2) (seccomp(2)); it does nothing elsewhere."""
    if not can_deny_connections():
        return lambda: None
    import ctypes

    architecture, connect = _CONNECT[platform.machine()]
    steps = [
        (_LOAD, 0, 0, _ARCHITECTURE),
        (_JUMP_IF_EQUAL, 0, 2, architecture),
        (_LOAD, 0, 0, _NUMBER),
        (_JUMP_IF_EQUAL, 0, 1, connect),
        (_RETURN, 0, 0, _REFUSE),
        (_RETURN, 0, 0, _ALLOW),
    ]
    # A call of another architecture, as a 32-bit program makes it, is refused: step 1 goes to step 4.
    code = ctypes.create_string_buffer(b"".join(struct.pack("=HBBI", *step) for step in steps))
    program = ctypes.create_string_buffer(struct.pack("@HP", len(steps), ctypes.addressof(code)))
    prctl = ctypes.CDLL(None).prctl

    def give_up() -> None:
        # Nothing here may allocate much or take a lock.
        prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, program, 0, 0)

    # The filter is read when it is called.
    give_up.filter = code  # type: ignore[attr-defined]
    return give_up
