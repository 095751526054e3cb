"""Makes system calls by name, with their numbers on the two architectures that confinement supports.

The numbers are those of Linux's `asm/unistd_64.h` (x86_64) and `asm-generic/unistd.h` (aarch64). Only the
calls that confinement needs are listed. None means that the architecture lacks the call.
"""

from __future__ import annotations

import ctypes
import functools
import os
import signal
import sys
from dataclasses import dataclass
from typing import Any

PR_SET_PDEATHSIG = 1

NUMBERS: dict[str, tuple[int | None, int | None]] = {
    "access": (21, None),
    "brk": (12, 214),
    "chdir": (80, 49),
    "clock_getres": (229, 114),
    "clock_gettime": (228, 113),
    "clock_nanosleep": (230, 115),
    "clone": (56, 220),
    "clone3": (435, 435),
    "close": (3, 57),
    "exit": (60, 93),
    "exit_group": (231, 94),
    "faccessat": (269, 48),
    "faccessat2": (439, 439),
    "fcntl": (72, 25),
    "fdatasync": (75, 83),
    "fstat": (5, 80),
    "fsync": (74, 82),
    "ftruncate": (77, 46),
    "futex": (202, 98),
    "getcpu": (309, 168),
    "getcwd": (79, 17),
    "getdents64": (217, 61),
    "getegid": (108, 177),
    "geteuid": (107, 175),
    "getgid": (104, 176),
    "getpid": (39, 172),
    "getppid": (110, 173),
    "getrandom": (318, 278),
    "getrlimit": (97, 163),
    "gettid": (186, 178),
    "gettimeofday": (96, 169),
    "getuid": (102, 174),
    "ioctl": (16, 29),
    "kill": (62, 129),
    "landlock_add_rule": (445, 445),
    "landlock_create_ruleset": (444, 444),
    "landlock_restrict_self": (446, 446),
    "lseek": (8, 62),
    "lstat": (6, None),
    "madvise": (28, 233),
    "mkdir": (83, None),
    "mkdirat": (258, 34),
    "mmap": (9, 222),
    "mprotect": (10, 226),
    "mremap": (25, 216),
    "munmap": (11, 215),
    "nanosleep": (35, 101),
    "newfstatat": (262, 79),
    "open": (2, None),
    "openat": (257, 56),
    "poll": (7, None),
    "ppoll": (271, 73),
    "pread64": (17, 67),
    "prlimit64": (302, 261),
    "read": (0, 63),
    "readlink": (89, None),
    "readlinkat": (267, 78),
    "readv": (19, 65),
    "rename": (82, None),
    "renameat": (264, 38),
    "renameat2": (316, 276),
    "restart_syscall": (219, 128),
    "rmdir": (84, None),
    "rseq": (334, 293),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "sched_getaffinity": (204, 123),
    "sched_yield": (24, 124),
    "seccomp": (317, 277),
    "set_robust_list": (273, 99),
    "setrlimit": (160, 164),
    "sigaltstack": (131, 132),
    "stat": (4, None),
    "statx": (332, 291),
    "tgkill": (234, 131),
    "uname": (63, 160),
    "unlink": (87, None),
    "unlinkat": (263, 35),
    "write": (1, 64),
    "writev": (20, 66),
}


@dataclass(frozen=True)
class Machine:
    """A processor architecture. `audit` is its AUDIT_ARCH value, and `column` is its column in NUMBERS."""

    name: str
    audit: int
    column: int

    def number(self, call: str) -> int | None:
        """Return the number of a call, or None if the architecture lacks it. Raises KeyError for an unlisted call."""
        return NUMBERS[call][self.column]


MACHINES = {"x86_64": Machine("x86_64", 0xC000003E, 0), "aarch64": Machine("aarch64", 0xC00000B7, 1)}


def this_machine() -> Machine | None:
    """Return this process's architecture, or None if confinement does not support it."""
    if sys.platform != "linux" or sys.maxsize < 2**32 or sys.byteorder != "little":
        return None
    return MACHINES.get(os.uname().machine)


def call(name: str, *arguments: Any) -> int:
    """Make a system call that libc does not wrap. Raises an OSError that names the call."""
    machine = this_machine()
    number = machine.number(name) if machine else None
    if number is None:
        raise OSError(38, f"{name}: this machine has no such system call")
    return checked(name, _libc().syscall(ctypes.c_long(number), *map(_word, arguments)))


def prctl(name: str, option: int, value: int) -> None:
    """Set one attribute of this process. Raises an OSError that contains `name`."""
    checked(f"prctl({name})", _libc().prctl(option, *map(ctypes.c_ulong, (value, 0, 0, 0))))


def end_with_parent() -> None:
    """Let the kernel kill this process when its parent ends. Elsewhere than on Linux, closed sockets must end it."""
    if sys.platform == "linux":
        prctl("PR_SET_PDEATHSIG", PR_SET_PDEATHSIG, signal.SIGKILL)


def checked(name: str, result: int) -> int:
    """Return the result of a libc call, or raise an OSError that names the call if the result is -1."""
    if result == -1:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")
    return result


def _word(argument: Any) -> Any:
    return ctypes.c_long(argument) if isinstance(argument, int) else argument


@functools.cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None, use_errno=True)
