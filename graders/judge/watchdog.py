"""Limits on the judge itself: nothing that a submission hands over may keep the judge busy or fill its memory.

A worker's limits are the kernel's. The judge is trusted, but it computes with what a submission returned, and a small
reply can cause a lot of work. So each test has a limit on the judge's own CPU time, and each judge one on its memory.
"""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

from graders.verdict import Limits

# CPU seconds of the judge, for one test. The shipped solutions need at most 3 on a quiet machine, a busy one counts up
# to twice as many for the same work, and the references that some tests train may be slower on older processors.
TEST_S = 20.0
DIAGNOSIS_S = 10.0
AGAIN_S = 0.5  # an exception may be lost in a finaliser, so it is raised again
MEMORY_BYTES = 1 << 30  # beyond what the judge starts with; a reply has 64 MiB at most


class OutOfTime(BaseException):
    """The judge has used up its CPU time. No handler for ordinary exceptions may swallow it."""


@contextmanager
def cpu_limit(seconds: float) -> Iterator[None]:
    """Raise OutOfTime inside the block once this process has used `seconds` of CPU time in it. Main thread only."""
    before = signal.signal(signal.SIGPROF, _raise)
    grant(seconds)
    try:
        yield
    finally:
        stop()
        signal.signal(signal.SIGPROF, before)


def grant(seconds: float) -> None:
    """Start the clock of the running `cpu_limit` again, with `seconds` on it."""
    signal.setitimer(signal.ITIMER_PROF, seconds, AGAIN_S)


def stop() -> None:
    """Stop the clock. Call it wherever OutOfTime is caught: it may have been raised while the clock was stopped."""
    signal.setitimer(signal.ITIMER_PROF, 0)


def test_seconds(limits: Limits) -> float:
    """The judge's CPU seconds for one test of a kata with these limits."""
    return max(TEST_S, limits.test_s)


def limit_memory(room: int = MEMORY_BYTES) -> None:
    """Let this process map at most `room` bytes more than it has mapped now; beyond that, MemoryError."""
    import resource  # not on every system on which learner mode works

    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmSize:"):
            _, most = resource.getrlimit(resource.RLIMIT_AS)
            resource.setrlimit(resource.RLIMIT_AS, ((int(line.split()[1]) << 10) + room, most))


def _raise(_number: int, _frame: FrameType | None) -> None:
    raise OutOfTime
