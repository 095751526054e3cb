"""Take away from this process whatever only Linux has, as far as the harness's Python code could use it.

`world.py` has each Python process of a test run this file when it starts. `sys.platform` then says darwin. The file
names what macOS lacks, and what it does differently; the modules that adapt to the system when they are imported come
first, so that only the harness sees another system.
"""

import asyncio  # noqa: F401
import builtins  # noqa: F401
import ctypes
import ctypes.util  # Debian's Python lacks the part for macOS
import multiprocessing.connection
import multiprocessing.context  # noqa: F401
import os
import resource
import select
import selectors
import shutil  # noqa: F401
import signal
import socket
import subprocess
import sys
import sysconfig
import tempfile
import time
import types
import urllib.request  # noqa: F401
import uuid  # noqa: F401
import webbrowser  # noqa: F401
from pathlib import Path

sysconfig.get_config_vars()
tempfile._O_TMPFILE_WORKS = False
selectors.DefaultSelector = selectors.PollSelector
del selectors.EpollSelector

LACKING = {
    os: """
        pidfd_open P_PIDFD waitid sched_getaffinity sched_setaffinity sched_setscheduler memfd_create eventfd
        eventfd_read eventfd_write splice posix_fallocate posix_fadvise pipe2 copy_file_range O_PATH O_TMPFILE
        O_DIRECT unshare setns getrandom setresuid setresgid getresuid getresgid getxattr setxattr listxattr
        timerfd_create close_range process_cpu_count
    """,
    signal: "pidfd_send_signal SIGRTMIN SIGRTMAX sigwaitinfo sigtimedwait SIGPOLL SIGSTKFLT SIGPWR",
    select: "epoll EPOLLIN EPOLLOUT EPOLLERR EPOLLHUP POLLRDHUP",
    socket: "SOCK_CLOEXEC SOCK_NONBLOCK SO_PEERCRED SCM_CREDENTIALS MSG_NOSIGNAL MSG_CMSG_CLOEXEC SO_PASSCRED AF_VSOCK",
    resource: "prlimit RLIMIT_MSGQUEUE RLIMIT_NICE RLIMIT_RTPRIO RLIMIT_RTTIME RLIMIT_SIGPENDING",
    time: "CLOCK_BOOTTIME CLOCK_TAI pthread_getcpuclockid",
}
for module, names in LACKING.items():
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)


def no_proc(event: str, arguments: tuple) -> None:
    """There is no /proc. This sees what Python opens and lists, even through io.open and pathlib."""
    if event in ("open", "os.listdir", "os.scandir") and arguments:
        path = arguments[0]
        if isinstance(path, str | bytes) and os.fsdecode(path).startswith(("/proc", "/sys/")):
            raise FileNotFoundError(2, "No such file or directory", path)


sys.addaudithook(no_proc)


class LibC(ctypes.CDLL):
    """The C library of another system has no such functions."""

    def __getattr__(self, name: str):
        if name in ("prctl", "syscall", "unshare", "mount", "pidfd_open", "sched_getaffinity"):
            raise AttributeError(f"dlsym(RTLD_DEFAULT, {name}): symbol not found")
        return super().__getattr__(name)


ctypes.CDLL = LibC

socketpair, getsockopt = socket.socketpair, socket.socket.getsockopt


def pair(family=socket.AF_UNIX, kind=socket.SOCK_STREAM, protocol=0):
    """AF_UNIX offers only streams and datagrams. What a socket buffers is small until a program asks for more."""
    if kind & 0xF == socket.SOCK_SEQPACKET:
        raise OSError(43, "Protocol not supported")
    ours, theirs = socketpair(family, kind, protocol)
    for each in (ours, theirs):
        each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8192)
    return ours, theirs


socket.socketpair = pair

setrlimit, getrusage = resource.setrlimit, resource.getrusage


def limited(what, limits):
    """MacOS refuses any limit on the address space, and CPython then says this."""
    if what == resource.RLIMIT_AS and limits[0] != resource.RLIM_INFINITY:
        raise ValueError("current limit exceeds maximum limit")
    setrlimit(what, limits)


def usage(who):
    """MacOS counts the resident memory in bytes."""
    found = getrusage(who)
    values = {name: getattr(found, name) for name in dir(found) if name.startswith("ru_")}
    return types.SimpleNamespace(**values | {"ru_maxrss": found.ru_maxrss * 1024})


resource.setrlimit, resource.getrusage = limited, usage

clock_gettime = time.clock_gettime


def clock(number):
    """There are no clocks of other processes."""
    if number < 0:
        raise OSError(22, "Invalid argument")
    return clock_gettime(number)


time.clock_gettime = clock

set_signal = signal.signal


def handled(number, handler):
    """By default, BSD systems ignore SIGIO, which ends a process on Linux."""
    if number == signal.SIGIO and handler is signal.SIG_DFL:
        handler = signal.SIG_IGN
    return set_signal(number, handler)


signal.signal = handled
signal.signal(signal.SIGIO, signal.SIG_DFL)

start = subprocess.Popen.__init__
SELF = Path(__file__).resolve()


def started(self, arguments, *rest, **named):
    """Run this file in Python processes that ignore the environment's own modules, too (`python -S -c …`)."""
    if isinstance(arguments, list) and "python" in os.path.basename(str(arguments[0])) and "-S" in arguments:
        code = arguments.index("-c") + 1
        before = f"exec(compile(open({str(SELF)!r}).read(), {str(SELF)!r}, 'exec'), {{'__file__': {str(SELF)!r}}})\n"
        arguments = [*arguments[:code], before + arguments[code], *arguments[code + 1 :]]
    start(self, arguments, *rest, **named)


subprocess.Popen.__init__ = started

# Python's own module for proxy settings exists on macOS only.
sys.modules["_scproxy"] = types.SimpleNamespace(_get_proxy_settings=dict, _get_proxies=dict)
sys.platform = "darwin"
