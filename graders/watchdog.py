"""Limit the CPU time and the memory of the judge itself.

The kernel limits workers. The judge is trusted, but it computes with values that a submission has returned, and even a
short reply can cause a lot of work. So the judge's CPU time is limited for each test, and its memory for the whole
grading run.
"""

from __future__ import annotations

import math
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from graders.verdict import Limits

# The limit on the judge's CPU time for one test. Grading the solutions takes at most 3 s per test on an idle machine. A
# busy machine needs up to twice as much CPU time for the same work, and older processors may be slower.
TEST_S = 20.0
DIAGNOSIS_S = 10.0
AGAIN_S = 0.5  # the exception is raised again at this interval, because a finaliser may swallow it
DEBUGGERS = ("bdb", "pdb", "_pydevd_bundle")  # these modules contain the trace functions of pdb, PyCharm and VS Code
MEMORY_BYTES = 1 << 30  # the judge may map this much memory more than at its start; a reply has at most 64 MiB


class OutOfTime(BaseException):
    """This process has exceeded a time limit.

    This class does not inherit from Exception, so that ordinary handlers do not swallow it.
    """


@contextmanager
def cpu_limit(seconds: float) -> Iterator[None]:
    """Raise OutOfTime when the block has used `seconds` of CPU time. This works only in the main thread."""
    before = signal.signal(signal.SIGPROF, _raise)
    grant(seconds)
    try:
        yield
    finally:
        stop()
        signal.signal(signal.SIGPROF, before)


@contextmanager
def wall_limit(seconds: float) -> Iterator[None]:
    """Raise OutOfTime inside the block after `seconds` of wall time, except under a debugger.

    An alarm that is already set, such as pytest-timeout's, is restored when the block ends. If that alarm is due
    earlier, it is the only limit. On Windows and outside the main thread, alarms are not available and time is not
    limited.
    """
    here = hasattr(signal, "setitimer") and threading.current_thread() is threading.main_thread()
    due, again = signal.getitimer(signal.ITIMER_REAL) if here else (0.0, 0.0)
    if not here or seconds == math.inf or 0 < due < seconds:
        yield
        return
    started = time.monotonic()
    before = signal.signal(signal.SIGALRM, _raise_unless_debugging)
    signal.setitimer(signal.ITIMER_REAL, seconds, AGAIN_S)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        if due:
            signal.setitimer(signal.ITIMER_REAL, max(due - (time.monotonic() - started), 0.001), again)


def grant(seconds: float) -> None:
    """Restart the clock of the active `cpu_limit`, with `seconds` left."""
    signal.setitimer(signal.ITIMER_PROF, seconds, AGAIN_S)


def stop() -> None:
    """Stop the clock of the active `cpu_limit`.

    Call this wherever OutOfTime is caught, because the exception may have prevented an earlier call.
    """
    signal.setitimer(signal.ITIMER_PROF, 0)


def test_seconds(limits: Limits) -> float:
    """Return the limit on the judge's CPU time, in seconds, for one test of a kata with these limits."""
    return max(TEST_S, limits.test_s)


def limit_memory(room: int = MEMORY_BYTES) -> None:
    """Let this process map at most `room` bytes more than now. After that, allocations raise MemoryError."""
    import resource  # this module is missing on some systems that learner mode supports

    _, most = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (_mapped() + room, most))


def short_of_memory() -> bool:
    """Return whether this process has mapped more than a quarter of the extra memory that `limit_memory` allows."""
    import resource

    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    return soft != resource.RLIM_INFINITY and _mapped() > soft - MEMORY_BYTES * 3 // 4


def _mapped() -> int:
    pages = int(Path("/proc/self/statm").read_bytes().split()[0])
    return pages * os.sysconf("SC_PAGE_SIZE")


def _raise(_number: int, _frame: FrameType | None) -> None:
    raise OutOfTime


def _raise_unless_debugging(_number: int, _frame: FrameType | None) -> None:
    if not _debugging():
        raise OutOfTime


def _debugging() -> bool:
    """Return whether a debugger is active in this thread. A person who is debugging may take as long as they like."""
    traced = getattr(sys.gettrace(), "__module__", None) or ""
    if traced.partition(".")[0] in DEBUGGERS or traced.startswith("pydevd"):
        return True
    monitoring = getattr(sys, "monitoring", None)  # from Python 3.12 on
    return monitoring is not None and monitoring.get_tool(monitoring.DEBUGGER_ID) is not None
