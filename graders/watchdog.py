"""Limit the CPU time and the memory of the judge itself, and the time of a submission in the pytest process.

The kernel limits workers. The judge is trusted, but it computes with values that a submission has returned, and even a
short reply can cause a lot of work. So the judge's CPU time is limited for each test, and its memory for the whole
grading run. In learner mode, the submission runs in this process, and `own_time_limit` limits its time.
"""

from __future__ import annotations

import functools
import math
import os
import re
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType

from graders.unix import address_space
from graders.verdict import Limits

# The limit on the judge's CPU time for one test. Grading the solutions takes at most 3 s per test on an idle machine. A
# busy machine needs up to twice as much CPU time for the same work, and older processors may be slower.
TEST_S = 20.0
DIAGNOSIS_S = 15.0
AGAIN_S = 0.5  # the exception is raised again at this interval, because a finaliser may swallow it
SOON_S = 0.01  # the shortest time after which own time is measured again
PATIENCE, LEAST_PATIENCE_S = 10, 300.0  # own time may take PATIENCE times as much wall time, and at least this long
IDLE = 0.05  # without schedstat, a process that uses a smaller share of a processor counts as asleep
DEBUGGERS = ("bdb", "pdb", "_pydevd_bundle")  # these modules contain the trace functions of pdb, PyCharm and VS Code
MEMORY_BYTES = 1 << 30  # the judge may map this much memory more than at its start; a reply has at most 64 MiB


_LOOP = re.compile(r"(?:async )?(?:while|for)\b")
_DEFINITION = re.compile(r"(?:async )?(?:def|class)\b")


def where_stopped(frames: Iterable[tuple[str, int]], sources: Mapping[str, bytes]) -> str:
    """Return where a submission was when its time was up, and which loop it was in, to append to a message.

    `frames` are names of files and lines, the innermost first, and `sources` are the submission's files by name. The
    result is empty if no frame is in them.
    """
    own = [(name, line) for name, line in frames if name in sources]
    if not own:
        return ""
    place = f", in line {own[0][1]} of {own[0][0]}"
    for name, line in own:
        if begins := _loop_around(sources[name], line):
            if (name, begins) == own[0]:
                return f"{place}: the loop in that line did not end"
            other = f" of {name}" * (name != own[0][0])
            return f"{place}: the loop that begins in line {begins}{other} did not end"
    return place


def _loop_around(source: bytes, line: int) -> int:
    """Return the line in which the innermost loop around a line begins, or 0. Only indentation decides."""
    lines, depth = source.decode(errors="replace").expandtabs().splitlines()[:line], sys.maxsize
    for number in range(len(lines), 0, -1):
        text = lines[number - 1].lstrip()
        indent = len(lines[number - 1]) - len(text)
        if not text or text.startswith("#") or indent >= depth:
            continue
        if _LOOP.match(text):
            return number
        if _DEFINITION.match(text):
            return 0
        depth = indent
    return 0


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


def _clocks() -> tuple[float, float, float]:
    """Return the wall time, the CPU time, and the time waited for a processor (nan if unknown), in seconds."""
    schedstat = _schedstat(os.getpid())
    ran, waited, _ = (0, 0, 0) if schedstat is None else map(int, os.pread(schedstat, 100, 0).split())
    return time.monotonic(), time.process_time(), waited / 1e9 if ran else math.nan


@functools.cache
def _schedstat(_pid: int) -> int | None:
    """Return a descriptor of the times that the kernel's scheduler counts for the main thread, or None.

    Some kernels count nothing, and report zeros.
    """
    try:
        return os.open("/proc/self/schedstat", os.O_RDONLY)
    except OSError:
        return None


class MachineTooBusy(OutOfTime):
    """This process could not use up its own time, because the machine was too busy."""


@dataclass
class OwnTime:
    """The time that this process itself uses: the time during which it runs or sleeps.

    Waiting for a processor costs nothing, so a limit is the same on a quiet and on a busy machine. Linux reports for
    how long a process has waited. Elsewhere, an interval counts as CPU time, or as wall time if there was hardly any
    CPU time. `late` is the message for the end of `seconds`.
    """

    seconds: float
    late: str
    used_s: float = 0.0
    wall_s: float = 0.0
    read: tuple[float, float, float] = field(default_factory=_clocks)
    over: bool = False

    def count(self) -> None:
        """Add the time since the last count."""
        before, self.read = self.read, _clocks()
        wall, cpu, waited = (now - then for now, then in zip(self.read, before, strict=True))
        self.wall_s += wall
        if math.isnan(waited):
            self.used_s += cpu if cpu > IDLE * wall else wall
        else:
            self.used_s += max(wall - waited, cpu)

    def ring(self, _number: int, _frame: FrameType | None) -> None:
        """Handle the alarm. Raise OutOfTime if the time is used up, or else set the alarm to what is left."""
        if self.over:
            return
        self.count()
        if debugging():  # a person who is debugging may take as long as they like
            self.used_s = self.wall_s = 0.0
        left = self.seconds - self.used_s
        signal.setitimer(signal.ITIMER_REAL, max(left, SOON_S) if left > 0 else AGAIN_S)
        if left <= 0:
            raise OutOfTime(self.late)
        if busy := too_busy("your code", self.used_s, self.wall_s, self.seconds):
            signal.setitimer(signal.ITIMER_REAL, AGAIN_S)
            raise MachineTooBusy(f"{busy}. Run pytest again when the machine is less busy.")


def too_busy(who: str, used_s: float, wall_s: float, limit_s: float) -> str:
    """Return what to say if `who` hardly gets a processor for its `limit_s` of own time, or else an empty string."""
    if wall_s <= max(PATIENCE * limit_s, LEAST_PATIENCE_S):
        return ""
    load = ", ".join(f"{each:.0f}" for each in os.getloadavg())
    return (
        f"the machine is too busy: in {wall_s:.0f} s, {who} got {used_s:.1f} s of processor time "
        f"(load average {load} on {os.cpu_count()} processors)"
    )


@contextmanager
def own_time_limit(seconds: float, late: str) -> Iterator[OwnTime]:
    """Raise OutOfTime(late) when the block has used `seconds` of its own time, except under a debugger.

    If it hardly gets a processor, raise MachineTooBusy. The time of a limit inside another limit does not count for the
    outer one. An alarm that is already set, such as pytest-timeout's, is set again when the block ends. On Windows and
    outside the main thread, alarms are not available and time is not limited.
    """
    clock = OwnTime(seconds, late)
    if seconds == math.inf or not hasattr(signal, "setitimer") or not _in_main_thread():
        yield clock
        return
    before = signal.signal(signal.SIGALRM, clock.ring)
    outer = getattr(before, "__self__", None)
    if isinstance(outer, OwnTime):
        outer.count()
    started = time.monotonic()
    due, again = signal.getitimer(signal.ITIMER_REAL)
    try:
        signal.setitimer(signal.ITIMER_REAL, max(seconds, SOON_S))
        yield clock
    finally:
        clock.over = True  # so that a late alarm does not interrupt what follows
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        clock.count()
        if isinstance(outer, OwnTime):
            outer.read = clock.read
            signal.setitimer(signal.ITIMER_REAL, SOON_S)  # then it sets the alarm to what is left
        elif due:
            signal.setitimer(signal.ITIMER_REAL, max(due - (time.monotonic() - started), SOON_S), again)


def _in_main_thread() -> bool:
    return threading.current_thread() is threading.main_thread()


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
    """Let this process map at most `room` bytes more than now. After that, allocations raise MemoryError.

    Only Linux has such a limit.
    """
    if sys.platform == "linux":
        import resource  # this module is missing on some systems that learner mode supports

        _, most = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (address_space() + room, most))


def short_of_memory(before: int) -> bool:
    """Return whether this process has mapped a quarter of the memory that it had left when its size was `before` bytes.

    A smaller size than at the call of `limit_memory` counts as that size.
    """
    if sys.platform != "linux":
        return False
    import resource

    limit, _ = resource.getrlimit(resource.RLIMIT_AS)
    before = max(before, limit - MEMORY_BYTES)
    return limit != resource.RLIM_INFINITY and address_space() > before + (limit - before) // 4


def _raise(_number: int, _frame: FrameType | None) -> None:
    raise OutOfTime


def debugging() -> bool:
    """Return whether a debugger is active in this thread. A person who is debugging may take as long as they like."""
    traced = getattr(sys.gettrace(), "__module__", None) or ""
    if traced.partition(".")[0] in DEBUGGERS or traced.startswith("pydevd"):
        return True
    monitoring = getattr(sys, "monitoring", None)  # from Python 3.12 on
    return monitoring is not None and monitoring.get_tool(monitoring.DEBUGGER_ID) is not None
