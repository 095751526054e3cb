"""Judges that stay, one for each repository of katas, and what of their processes may be there between two gradings."""

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

from graders import catalogue, intake
from graders.judge import Judge
from graders.judge.zygote import POOL
from graders.verdict import Verdict

LOOK_S = 0.002  # between two looks at the processes: nobody tells when one has ended
FRESH_CPU_S = 24 * 3600  # the limit of a worker before it gets a submission (graders.worker.zygote)
T = TypeVar("T")
WORKERS_OF = "graders.worker.zygote"  # in the command line of the process that makes workers, and of the workers


class Residents:
    """A judge for each repository, started when it is first needed; `environment` is what each of them starts with."""

    def __init__(self, environment: Mapping[str, str], patience_s: float) -> None:
        self.environment = environment
        self.patience_s = patience_s
        self.judges: dict[Path, Judge] = {}
        self.stayed: dict[Path, set[int]] = {}  # after a former grading

    def judge(self, root: Path) -> Judge:
        """The judge of this repository, running, with `environment` in its process's own."""
        judge = self.judges.get(root)
        if judge is None:
            judge = self.judges[root] = Judge(root, require="full")
        with mock.patch.dict(os.environ, self.environment):
            judge.start()
        wanted = {f"{name}={value}".encode() for name, value in self.environment.items()}
        environ = Path(f"/proc/{pid_of(judge)}/environ")  # empty for a moment after the process has been started
        assert self.patiently(lambda: list(wanted - set(environ.read_bytes().split(b"\0")))) == []
        return judge

    def grade(
        self, root: Path, slug: str, place: str, tasks: Collection[str] = (), *, diagnosing: bool = True
    ) -> Verdict:
        """The verdict on what lies at a place. Nothing of it is left running, and no resident has ended.

        Looking for a known misconception takes long where tests are trainings: `diagnosing` says whether to do it.
        """
        judge = self.judge(root)
        root_pid, others = pid_of(judge), set(children(os.getpid()))
        if diagnosing:
            verdict = judge.grade(slug, intake.find(place), tasks=tasks)
        else:
            taken = intake.take(catalogue.load(root, slug), intake.find(place))
            verdict = judge.grade_files(slug, {file.name: file.data for file in taken.files}, tasks=tasks)
        assert pid_of(judge) == root_pid
        assert self.patiently(lambda: left_behind(root_pid)) == []
        assert self.patiently(lambda: running(set(children(os.getpid())) - others)) == []
        if verdict.confinement == "full":  # else nothing ran, and the judge may still be starting
            before, self.stayed[root] = self.stayed.get(root, set()), stayers(root_pid)
            assert before <= self.stayed[root]
        return verdict

    @contextlib.contextmanager
    def memory(self, root: Path) -> Iterator[list[float]]:
        """How many bytes a judge of this repository takes at most beyond its start, known when the context ends."""
        with self._watched(root, memory_of) as judges:
            found = [0.0]
            yield found
        found[0] = max((max(seen) - seen[0] for seen in judges.values()), default=0)

    @contextlib.contextmanager
    def work(self, root: Path) -> Iterator[list[float]]:
        """How much a judge of this repository computes, known when the context ends: in counts to ten million.

        Processor time against processor time, so that neither a busy machine nor a slow one matters.
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
        """What is measured again and again of each process that judges a submission, while the context lasts."""
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
        """End them all, once it is seen that no worker is missing in any pool, and none too many."""
        try:
            for judge in self.judges.values():
                # None wait where none was ever asked for: the sandbox of a runtime that no kata here has.
                counts = self.patiently(lambda judge=judge: [n for n in pools(pid_of(judge)) if n not in (0, POOL)])
                assert counts == []
        finally:
            for judge in self.judges.values():
                judge.close()

    def patiently(self, look: Callable[[], list[T]]) -> list[T]:
        """What is still found when there was time enough for it to be over."""
        deadline = time.monotonic() + self.patience_s
        while (found := look()) and time.monotonic() < deadline:
            time.sleep(LOOK_S)
        return found


def pid_of(judge: Judge) -> int:
    """The root of a judge's processes."""
    assert judge._process is not None
    return judge._process.process.pid


def children(pid: int) -> Iterator[int]:
    """The children of all threads of a process."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):  # a process that has just ended
        for thread in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(FileNotFoundError, ProcessLookupError):
                yield from map(int, Path(f"/proc/{pid}/task/{thread}/children").read_text().split())


def cpu_of(pid: int) -> float:
    """Seconds of processor time that a process has used; 0 for one that has ended."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_of(pid: int) -> int:
    """The bytes that a process has in memory and in no file; 0 for one that has ended."""
    try:
        found = re.search(r"^RssAnon:\s*(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    except (FileNotFoundError, ProcessLookupError):
        return 0
    return int(found[1]) << 10 if found else 0


def command_line(pid: int) -> str:
    """The command line of a process that runs; empty for one that has ended."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return "" if state in "ZX" else Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ") or str(pid)
    except (FileNotFoundError, ProcessLookupError):
        return ""


def running(pids: Iterable[int]) -> list[str]:
    """The command lines of those processes that run."""
    return [line for pid in pids if (line := command_line(pid))]


class Known(NamedTuple):
    """A process that runs."""

    line: str
    parent: int


def family(pid: int) -> dict[int, Known]:
    """The processes that come from `pid`, without itself."""
    found: dict[int, Known] = {}
    waiting = [pid]
    while waiting:
        parent = waiting.pop()
        ours = {child: Known(line, parent) for child in children(parent) if (line := command_line(child))}
        found |= ours
        waiting += ours
    return found


def makers(known: Mapping[int, Known]) -> set[int]:
    """Who makes workers: the uppermost Python of each sandbox. Workers are forks of it, and have its command line."""
    python = {pid for pid, (line, _) in known.items() if "python" in line.partition(" ")[0] and WORKERS_OF in line}
    return {pid for pid in python if known[pid].parent not in python}


def rooms(root: int, known: Mapping[int, Known]) -> set[int]:
    """The processes that hold the collected tests of a kata."""
    own = command_line(root)
    return {pid for pid, (line, parent) in known.items() if (line, parent) == (own, root)}


def stayers(root: int) -> set[int]:
    """The processes under a judge that outlive a grading: rooms, those that make workers, and the walls around them."""
    known = family(root)
    found = makers(known)
    while walls := {known[pid].parent for pid in found} & known.keys() - found:
        found |= walls
    return found | rooms(root, known)


def left_behind(root: int) -> list[str]:
    """The processes under a judge that belong to a grading, none of which is under way."""
    known, stay = family(root), stayers(root)
    waiting = Counter(each.parent for pid, each in known.items() if pid not in stay)
    fresh = {pid for pid, each in known.items() if each.parent in makers(known) and is_fresh(pid)}
    judges = {pid for pid, each in known.items() if each.parent in rooms(root, known) and waiting[each.parent] == 1}
    return [f"{pid} {each.line}" for pid, each in known.items() if pid not in stay | fresh | judges]


def is_fresh(pid: int) -> bool:
    """Whether this worker was given no submission yet: each that gets one lowers its limits, and cannot raise them."""
    try:
        limits = Path(f"/proc/{pid}/limits").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return True  # it has just ended
    found = re.search(r"^Max cpu time +(\w+)", limits, re.MULTILINE)
    return found is not None and found[1] == str(FRESH_CPU_S)


def pools(root: int) -> list[int]:
    """How many workers, dead ones aside, wait in each sandbox."""
    known = family(root)
    return [sum(each.parent == maker for each in known.values()) for maker in makers(known)]
