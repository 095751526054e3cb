"""Restricts a worker to a short list of system calls with seccomp.

Every other call fails with EPERM. A call with the numbers of another architecture (or of x32) kills the process. The
list is the shortest with which NumPy and PyTorch (forward, backward, Adam, convolution, LSTM) still run. A filter is
compiled once, before the fork, and the worker's own process id is inserted afterwards.
"""

from __future__ import annotations

import ctypes
import errno
import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from graders.worker.syscalls import Machine, call


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


READING = _names("""
    access brk clock_getres clock_gettime clock_nanosleep close exit exit_group faccessat faccessat2 fstat futex getcpu
    getcwd getdents64 getegid geteuid getgid getpid getppid getrandom getrlimit gettid gettimeofday getuid
    lseek lstat madvise mmap mprotect mremap munmap nanosleep newfstatat poll ppoll pread64 read readlink readlinkat
    readv restart_syscall rt_sigaction rt_sigprocmask rt_sigreturn sched_getaffinity sched_yield setrlimit sigaltstack
    stat statx uname write writev
""")
# A worker may make these calls only if it has a scratch folder, to which Landlock then confines their effects. Without
# one, it may still open files for reading (see _guards).
WRITING = _names("""
    chdir ftruncate mkdir mkdirat open openat rename renameat renameat2 rmdir unlink unlinkat
""")
# glibc makes these calls in each new thread.
THREADS = _names("rseq set_robust_list")

PID = 0x7FFFFFF0  # a placeholder until the worker's process id is known; no kernel assigns an id that high
PTHREAD_FLAGS = (0x3D0F00, 0x7D0F00)  # the flags of pthread_create in glibc and in musl
# F_DUPFD, F_GETFD, F_SETFD, F_GETFL, F_DUPFD_CLOEXEC. F_SETOWN and F_SETSIG are missing, because with them a worker
# could send any signal to any process.
FCNTL_COMMANDS = (0, 1, 2, 3, 1030)
# O_WRONLY, O_RDWR, O_CREAT, O_TRUNC and __O_TMPFILE are the same on both architectures.
OPEN_TO_WRITE = 0o1 | 0o2 | 0o100 | 0o1000 | 0o20000000

LOAD, RETURN = 0x20, 0x06  # BPF_LD|BPF_W|BPF_ABS, BPF_RET|BPF_K
EQUAL, AT_LEAST, ANY_BIT = 0x15, 0x35, 0x45  # BPF_JMP|BPF_K with JEQ, JGE, JSET
NUMBER, ARCHITECTURE = 0, 4  # these are offsets in struct seccomp_data
ALLOW, KILL_PROCESS, ERRNO = 0x7FFF0000, 0x80000000, 0x00050000
X32_BIT = 0x40000000

SET_MODE_FILTER = 1

Instruction = tuple[int, int, int, int]  # the code, the jump if true, the jump if false, and the constant
_ALLOWED: Instruction = (RETURN, 0, 0, ALLOW)


@dataclass(frozen=True)
class FilterProgram:
    """A compiled filter, with placeholders for the process id."""

    instructions: tuple[Instruction, ...]

    def for_process(self, pid: int) -> bytes:
        """Return the filter in the kernel's format, with the guarded calls restricted to `pid`."""
        return b"".join(
            struct.pack("=HBBI", code, true, false, pid if code == EQUAL and constant == PID else constant)
            for code, true, false, constant in self.instructions
        )


def compile_filter(machine: Machine, *, threads: bool, writing: bool) -> FilterProgram:
    """Compile a worker's filter.

    `threads` says whether the worker may start threads, and `writing` says whether it has a scratch folder.
    """
    names = READING + (WRITING if writing else ()) + (THREADS if threads else ())
    blocks = {name: [_ALLOWED] for name in names} | _guards(threads=threads, writing=writing)
    # The kernel remembers which calls a filter always allows, and then does not run it for them. So any order is quick.
    body = [
        instruction
        for name, block in blocks.items()
        if (number := machine.number(name)) is not None
        for instruction in ((EQUAL, 0, len(block), number), *block)
    ]
    return FilterProgram((*_prologue(machine), *body, _answer(errno.EPERM)))


def install(program: bytes) -> None:
    """Apply the filter permanently to the calling thread and everything it starts. Requires no_new_privs."""
    code = ctypes.create_string_buffer(program, len(program))
    header = ctypes.create_string_buffer(struct.pack("@HP", len(program) // 8, ctypes.addressof(code)))
    call("seccomp", SET_MODE_FILTER, 0, header)


def _prologue(machine: Machine) -> Iterator[Instruction]:
    yield (LOAD, 0, 0, ARCHITECTURE)
    yield (EQUAL, 1, 0, machine.audit)
    yield (RETURN, 0, 0, KILL_PROCESS)
    yield (LOAD, 0, 0, NUMBER)
    yield (AT_LEAST, 0, 1, X32_BIT)
    yield (RETURN, 0, 0, KILL_PROCESS)


def _guards(*, threads: bool, writing: bool) -> dict[str, list[Instruction]]:
    """Return the instructions for each call that has a rule of its own."""
    blocks = {
        "kill": _if_argument(0, [PID]),
        "tgkill": _if_argument(0, [PID]),
        "prlimit64": _if_argument(0, [0, PID]),
        "fcntl": _if_argument(1, FCNTL_COMMANDS),
        # glibc falls back to clone, whose flags a filter can see.
        "clone3": [_answer(errno.ENOSYS)],
        # Python checks whether each file that it opens is a terminal.
        "ioctl": [_answer(errno.ENOTTY)],
    }
    if threads:
        blocks["clone"] = _if_argument(0, PTHREAD_FLAGS)
    if writing:
        # Careful programs sync their files. The scratch folder is discarded, so the filter reports success at once.
        blocks |= {"fsync": [_answer(0)], "fdatasync": [_answer(0)]}
    else:
        blocks |= {"open": _if_opened_to_read(1), "openat": _if_opened_to_read(2)}
    return blocks


def _argument(index: int) -> Instruction:
    """Load the low half of an argument, because process ids, commands and flags have only 32 bits."""
    return (LOAD, 0, 0, 16 + 8 * index)


def _if_argument(index: int, values: Iterable[int]) -> list[Instruction]:
    tests = [step for value in values for step in ((EQUAL, 0, 1, value), _ALLOWED)]
    return [_argument(index), *tests, _answer(errno.EPERM)]


def _if_opened_to_read(index: int) -> list[Instruction]:
    return [_argument(index), (ANY_BIT, 0, 1, OPEN_TO_WRITE), _answer(errno.EROFS), _ALLOWED]


def _answer(code: int) -> Instruction:
    return (RETURN, 0, 0, ERRNO | code)
