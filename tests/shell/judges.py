"""Judges that stay between two gradings, one for each repository, and the processes that they may keep."""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple, TypeVar
from unittest import mock

from graders import Judge, catalogue, intake
from graders.judge.fork_server import IDLE_S, POOL, SUITES
from graders.judge.sides import ReferenceClock
from graders.verdict import Verdict

LOOK_S = 0.002  # between two checks of the processes, because nothing notifies us when one ends
FRESH_CPU_S = 24 * 3600  # the limit of a worker before it gets a submission (graders.worker.fork_server)
T = TypeVar("T")
WORKERS_OF = "graders.worker.fork_server"  # in the command lines of the workers' fork server and of the workers


class Residents:
    """A judge for each repository, started when it is first needed, each by a shell with these secrets."""

    def __init__(self, environment: Mapping[str, str], patience_s: float) -> None:
        self.environment = environment
        self.patience_s = patience_s
        self.judges: dict[Path, Judge] = {}
        self.recent: dict[Path, list[str]] = {}  # the katas whose suite servers stay, the last one graded at the end
        self.used: dict[Path, float] = {}  # when a judge has graded last

    def judge(self, root: Path) -> Judge:
        """Return the running judge of this repository, which must not have inherited the secrets in `environment`."""
        judge = self.judges.get(root)
        if judge is None:
            judge = self.judges[root] = Judge(root, require="full")
        with mock.patch.dict(os.environ, self.environment):
            judge.start()
        environ = Path(f"/proc/{pid_of(judge)}/environ")
        own = f"TMPDIR={judge.process.folder}".encode()  # missing for a moment after the process starts
        assert self.patiently(lambda: [] if own in environ.read_bytes() else [own]) == []
        assert not any(value.encode() in environ.read_bytes() for value in self.environment.values())
        return judge

    def grade(
        self,
        root: Path,
        slug: str,
        place: str,
        tasks: Collection[str] = (),
        *,
        diagnosing: bool = True,
        visible: bool = False,
    ) -> Verdict:
        """Grade a submission. Check that it leaves no process behind and that no suite server had to be replaced.

        `diagnosing` says whether to search for a known misconception, which takes long for tests that train. `visible`
        runs only the visible tests.
        """
        judge = self.judge(root)
        root_pid, others = pid_of(judge), set(children(os.getpid()))
        # After some minutes without a request, a judge keeps no suite server.
        rested = time.monotonic() - self.used.get(root, 0.0) > IDLE_S / 2
        before, recent = rooms(root_pid, family(root_pid)), [] if rested else self.recent.get(root, [])
        if diagnosing:
            verdict = judge.grade(slug, intake.find(place), tasks=tasks, visible=visible)
        else:
            taken = intake.take(catalogue.load(root, slug), intake.find(place))
            files = {file.name: file.data for file in taken.files}
            verdict = judge.grade_files(slug, files, tasks=tasks, visible=visible)
        assert pid_of(judge) == root_pid
        references = {str(ReferenceClock(kata.limits).cpu_s) for kata in catalogue.load_all(root)}
        assert self.patiently(lambda: left_behind(root_pid, references)) == []
        assert self.patiently(lambda: running(set(children(os.getpid())) - others)) == []
        if verdict.confinement == "full":  # otherwise nothing ran, and the judge may still be starting
            # Before a sandbox starts, its process looks like another suite server for a moment.
            fresh = self.patiently(lambda: sorted(rooms(root_pid, family(root_pid)) - before)) if slug in recent else []
            assert fresh == []
            self.recent[root] = [*(each for each in recent if each != slug), slug][-SUITES:]
            self.used[root] = time.monotonic()
        return verdict

    @contextlib.contextmanager
    def memory(self, root: Path) -> Iterator[list[float]]:
        """Yield a list that will hold the peak memory of a judge of this repository, in bytes beyond its start."""
        with self._watched(root, memory_of) as judges:
            found = [0.0]
            yield found
        found[0] = max((max(seen) - seen[0] for seen in judges.values()), default=0)

    @contextlib.contextmanager
    def work(self, root: Path) -> Iterator[list[float]]:
        """Yield a list that will hold the work of a judge of this repository, where 1 is a count to ten million.

        Both are measured as processor time, so the result does not depend on how busy or slow the machine is.
        """
        start = time.thread_time()
        for _ in range(10_000_000):
            pass
        count = time.thread_time() - start
        with self._watched(root, cpu_of) as judges:
            found = [0.0]
            yield found
        found[0] = max((max(seen) for seen in judges.values()), default=0) / count

    @contextlib.contextmanager
    def _watched(self, root: Path, measure: Callable[[int], float]) -> Iterator[dict[int, list[float]]]:
        """Measure each process that judges a submission again and again while the block lasts."""
        pid, over = pid_of(self.judge(root)), threading.Event()
        judges: dict[int, list[float]] = {}

        def look() -> None:
            while not over.wait(LOOK_S):
                rooms = [child for child in children(pid) if WORKERS_OF not in command_line(child)]
                for judge in [judge for room in rooms for judge in children(room)]:
                    if measured := measure(judge):
                        judges.setdefault(judge, []).append(measured)

        watching = threading.Thread(target=look)
        watching.start()
        try:
            yield judges
        finally:
            over.set()
            watching.join()

    def close(self) -> None:
        """Check that no pool has more workers than it may have, then end all judges."""
        try:
            for judge in self.judges.values():
                # A pool has as many workers as a recent grading used. Each kata's solution may wait for the next race.
                counts = self.patiently(
                    lambda judge=judge: [n for n in pools(pid_of(judge)) if _crowded(n, pid_of(judge))]
                )
                assert counts == []
        finally:
            for judge in self.judges.values():
                judge.close()

    def patiently(self, look: Callable[[], list[T]]) -> list[T]:
        """Return what `look` still finds after the processes have had enough time to end."""
        deadline = time.monotonic() + self.patience_s
        while (found := look()) and time.monotonic() < deadline:
            time.sleep(LOOK_S)
        return found


def pid_of(judge: Judge) -> int:
    """Return the process ID of a judge's root process."""
    assert judge._process is not None
    return judge._process.process.pid


def children(pid: int) -> Iterator[int]:
    """Return the children of all threads of a process."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # the process has just ended
        for thread in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                yield from map(int, Path(f"/proc/{pid}/task/{thread}/children").read_text().split())


def cpu_of(pid: int) -> float:
    """Return the seconds of processor time that a process has used; 0 for one that has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_of(pid: int) -> int:
    """Return the bytes of a process's anonymous memory; 0 for one that has ended."""
    try:
        found = re.search(r"^RssAnon:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(found[1]) << 10 if found else 0


def command_line(pid: int) -> str:
    """Return the command line of a running process; empty for one that has ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return "" if state in "ZX" else Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ") or str(pid)
    except (FileNotFoundError, ProcessLookupError):
        return ""


def running(pids: Iterable[int]) -> list[str]:
    """Return the command lines of the processes that are running."""
    return [line for pid in pids if (line := command_line(pid))]


class Known(NamedTuple):
    """A running process."""

    line: str
    parent: int


def family(pid: int) -> dict[int, Known]:
    """Return the descendants of `pid`."""
    found: dict[int, Known] = {}
    waiting = [pid]
    while waiting:
        parent = waiting.pop()
        ours = {child: Known(line, parent) for child in children(parent) if (line := command_line(child))}
        found |= ours
        waiting += ours
    return found


def makers(known: Mapping[int, Known]) -> set[int]:
    """Return the workers' fork servers: the topmost Python of each sandbox. Workers have its command line."""
    python = {pid for pid, (line, _) in known.items() if "python" in line.partition(" ")[0] and WORKERS_OF in line}
    return {pid for pid in python if known[pid].parent not in python}


def rooms(root: int, known: Mapping[int, Known]) -> set[int]:
    """Return the suite servers, which hold the collected tests of a kata."""
    own = command_line(root)
    return {pid for pid, (line, parent) in known.items() if (line, parent) == (own, root)}


def stayers(root: int) -> set[int]:
    """Return the processes of a judge that outlive a grading: suite servers, fork servers, and their sandboxes."""
    known = family(root)
    found = makers(known)
    while walls := {known[pid].parent for pid in found} & known.keys() - found:
        found |= walls
    return found | rooms(root, known)


def left_behind(root: int, references: Collection[str]) -> list[str]:
    """Return the processes that a finished grading has left below a judge.

    Each kata's judge keeps one worker with the solution for the next race. Its CPU time has one of the limits
    `references`.
    """
    known, stay = family(root), stayers(root)
    waiting = Counter(each.parent for pid, each in known.items() if pid not in stay)
    fresh = {pid for pid, each in known.items() if each.parent in makers(known) and is_fresh(pid)}
    judges = {pid for pid, each in known.items() if each.parent in rooms(root, known) and waiting[each.parent] == 1}
    kept = [pid for pid, each in known.items() if each.parent in makers(known) and cpu_limit_of(pid) in references]
    return [
        f"{pid} {each.line}"
        for pid, each in known.items()
        if pid not in stay | fresh | judges | set(kept[: len(judges)])
    ]


def is_fresh(pid: int) -> bool:
    """Return whether a worker has not received a submission yet. When it does, it lowers its limits for good."""
    return cpu_limit_of(pid) in ("", str(FRESH_CPU_S))


def cpu_limit_of(pid: int) -> str:
    """Return the limit on the CPU time of a process, in seconds; empty for one that has just ended."""
    try:
        limits = Path(f"/proc/{pid}/limits").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
    found = re.search(r"^Max cpu time +(\w+)", limits, re.MULTILINE)
    return found[1] if found else "none"


def _crowded(workers: int, root: int) -> bool:
    """Return whether more workers wait than a pool may have, in addition to a solution for each kata."""
    return workers > POOL + len(rooms(root, family(root)))


def pools(root: int) -> list[int]:
    """Return how many living workers wait in each sandbox."""
    known = family(root)
    return [sum(each.parent == maker for each in known.values()) for maker in makers(known)]
