"""Message sockets, and what one process can learn about another: as Linux offers them, or as other systems do.

Linux never uses a replacement. If it lacks something that this module needs, the call fails. Other Unix systems, such
as macOS, have no confinement either, and every verdict says so. This module imports little, because workers load it.
"""

from __future__ import annotations

import contextlib
import functools
import os
import signal
import socket
import struct
import sys
import time
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

BUFFER_BYTES = 1 << 20  # macOS otherwise buffers 8 kB, less than the longest message
MEMORY_LOOK_S = 0.02  # how often a process that limits its own memory looks, in seconds of its CPU time

# ------------------------------------------------------------------------------------------------------------ messages

LENGTH = struct.Struct("<I")


def message_pair() -> tuple[socket.socket, socket.socket]:
    """Return two connected sockets for `send_message` and `receive_message`.

    Linux has sockets that keep messages apart. Elsewhere, the length of each message is sent before it.
    """
    if sys.platform == "linux":
        return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pair = socket.socketpair(socket.AF_UNIX, socket.SOCK_STREAM)
    for each in pair:
        each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
        each.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
    return pair


def send_message(
    connection: socket.socket, message: bytes, descriptors: Sequence[int] = (), *, wait: bool = True
) -> None:
    """Send a message and descriptors. Raises OSError if the other end is closed or, unless `wait`, has no room."""
    whole = connection.type == socket.SOCK_SEQPACKET
    data = message if whole else LENGTH.pack(len(message)) + message
    flags = 0 if wait else socket.MSG_DONTWAIT
    sent = socket.send_fds(connection, [data], descriptors, flags) if descriptors else connection.send(data, flags)
    if sent < len(data):
        if not wait:  # part of a message is useless, and so is all that would follow it
            connection.shutdown(socket.SHUT_RDWR)
            raise BrokenPipeError("the other end of the socket reads too slowly")
        connection.sendall(data[sent:])


def receive_message(
    connection: socket.socket, size: int, descriptors: int = 0, *, wait: bool = True
) -> tuple[bytes, list[int]]:
    """Return the next message of at most `size` bytes, and its descriptors. The message is empty at the end.

    Raises BlockingIOError if there is none and `wait` is False, and what a socket raises.
    """
    flags = 0 if wait else socket.MSG_DONTWAIT
    if connection.type == socket.SOCK_SEQPACKET:
        return _received(connection, size, descriptors, flags)
    head, received = _received(connection, LENGTH.size, descriptors, flags)
    head += _rest(connection, LENGTH.size - len(head)) if head else b""
    length = LENGTH.unpack(head)[0] if len(head) == LENGTH.size else 0
    message = _rest(connection, length) if length <= size else b""
    return (message if len(message) == length else b""), received


def _received(connection: socket.socket, size: int, descriptors: int, flags: int) -> tuple[bytes, list[int]]:
    if not descriptors:
        return connection.recv(size, flags), []
    message, received, _, _ = socket.recv_fds(connection, size, descriptors, flags)
    return message, received


def _rest(connection: socket.socket, count: int) -> bytes:
    parts = b""
    while len(parts) < count and (chunk := connection.recv(count - len(parts))):
        parts += chunk
    return parts


# ----------------------------------------------------------------------------------------------------- other processes


def pid_of(pidfd: int) -> int:
    """Return the process id of a pidfd's process in this process's namespace, or -1 once it has been reaped (Linux)."""
    descriptor = os.open(f"/proc/self/fdinfo/{pidfd}", os.O_RDONLY)
    try:
        return int(os.read(descriptor, 4096).partition(b"\nPid:")[2].split(None, 1)[0])
    finally:
        os.close(descriptor)


def address_space(pid: int | str = "self") -> int:
    """Return the size of a process's address space in bytes (Linux)."""
    pages = int(Path(f"/proc/{pid}/statm").read_bytes().split()[0])
    return pages * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float | None:
    """Return the CPU seconds of all threads of a process so far, or None if it has ended or no one can tell."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            if pid > 0:  # a reaped process has the id -1, with which this process's own clock would be read
                return time.clock_gettime(_cpu_clock_of(pid))
        return None
    ask = _asking_libproc()
    return None if ask is None else ask(pid)


def _cpu_clock_of(pid: int) -> int:
    """Return the number of a process's CPU clock, as clock_getcpuclockid(3) makes it.

    The kernel takes the process id, with all bits inverted, from above three bits. These say what to count: 2 is the
    time that the scheduler has given to all threads.
    """
    return ~pid << 3 | 2


def measures_cpu() -> bool:
    """Return whether `cpu_seconds` works on this system."""
    return sys.platform == "linux" or _asking_libproc() is not None


@functools.cache
def _asking_libproc() -> Callable[[int], float | None] | None:
    """Return a function that asks macOS for the CPU seconds of a process, or None if the system has no such call."""
    import ctypes

    class Usage(ctypes.Structure):
        """The struct rusage_info_v0 of <sys/resource.h>. Times are in ticks of the system's clock."""

        _fields_ = (
            ("uuid", ctypes.c_uint8 * 16),
            ("user", ctypes.c_uint64),
            ("system", ctypes.c_uint64),
            ("others", ctypes.c_uint64 * 8),
        )

    ticks, size = ctypes.c_uint64(), ctypes.c_size_t(8)
    try:
        library = ctypes.CDLL(None)
        usage_of = library.proc_pid_rusage
        failed = library.sysctlbyname(b"hw.tbfrequency", ctypes.byref(ticks), ctypes.byref(size), None, 0)
    except AttributeError:
        return None
    if failed or not ticks.value:
        return None

    def ask(pid: int) -> float | None:
        usage = Usage()
        if usage_of(pid, 0, ctypes.byref(usage)):
            return None
        return float(usage.user + usage.system) / ticks.value

    return ask


def processors() -> set[int]:
    """Return the numbers of the processors that this process may use."""
    if sys.platform == "linux":
        return os.sched_getaffinity(0)
    return set(range(os.cpu_count() or 1))


def run_on(processors: Collection[int], pid: int = 0) -> None:
    """Let this thread, or the first one of another process, run only on these processors. Only on Linux."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # the process has ended, or the system has taken a processor away
            os.sched_setaffinity(pid, processors)


# -------------------------------------------------------------------------------------------------------- this process


def limit_own_memory(room: int) -> None:
    """Raise MemoryError in the main thread once this process has grown by `room` bytes, and each time it does again.

    This replaces RLIMIT_AS, which macOS does not enforce. It stops a loop that fills the memory step by step, but not a
    single step that does. A program can switch it off.
    """
    import resource

    unit = 1 if sys.platform == "darwin" else 1024  # of ru_maxrss
    limit = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit + room

    def look(*_: object) -> None:
        nonlocal limit
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
        if most > limit:
            limit = most + room
            raise MemoryError(f"this process has grown by more than {room >> 20} MB")

    signal.signal(signal.SIGPROF, look)
    signal.setitimer(signal.ITIMER_PROF, MEMORY_LOOK_S, MEMORY_LOOK_S)
