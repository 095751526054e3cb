"""Measure what one grading of each kata costs, warm: of a right answer, and of a wrong one.

    python benchmarks/all_katas.py [KATA …] [--rounds 3]

The right answer is the solution, the wrong one the first wrong variant. A warm judge grades both, confined, with all
tests; the first grading of an exercise is not counted. For each, the medians of the rounds:

- wall: the time from the request to the verdict
- CPU: processor time of all processes, from the kernel; needs root, because it creates a control group
- workers: the part of it that the workers used: the submission, and solutions and references that run beside it. The
  rest is the judge: it draws inputs, computes references with PyTorch, compares, and looks for the misconception.
"""

from __future__ import annotations

import argparse
import threading
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

from control_group import ControlGroup

from graders import Judge, catalogue, intake
from graders.catalogue import Kata

ROOT = Path(__file__).parents[1]
LOOK_S = 0.02
TICKS = 100  # of /proc/PID/stat, in a second


class Cost(NamedTuple):
    """The seconds of one grading."""

    wall: float
    cpu: float
    workers: float


class Workers(threading.Thread):
    """Adds up the processor time of all processes in sandboxes. Of a process, it misses at most the last moment."""

    def __init__(self, group: ControlGroup) -> None:
        super().__init__(daemon=True)
        self.group, self.ended = group, threading.Event()
        self.seconds: dict[int, float] = {}
        self.sandboxed: dict[int, bool] = {}
        self.look()
        self.before = dict(self.seconds)

    def run(self) -> None:
        while not self.ended.wait(LOOK_S):
            self.look()
        self.look()

    def look(self) -> None:
        for pid in map(int, (self.group.folder / "cgroup.procs").read_text(encoding="ascii").split()):
            if self.is_sandboxed(pid):
                used = fields(pid)[11:13]
                self.seconds[pid] = sum(map(int, used)) / TICKS if used else self.seconds.get(pid, 0.0)

    def is_sandboxed(self, pid: int) -> bool:
        if pid not in self.sandboxed:
            name, parent = comm(pid), int((fields(pid) or ["", "0"])[1])
            self.sandboxed[pid] = name == "bwrap" or (parent > 1 and self.is_sandboxed(parent))
        return self.sandboxed[pid]

    def total(self) -> float:
        return sum(self.seconds.values()) - sum(self.before.values())


def fields(pid: int) -> list[str]:
    """Return what /proc/PID/stat says after the process's name, or nothing if it has ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2].split()
    except OSError:
        return []


def comm(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text(encoding="utf-8").strip()
    except OSError:
        return ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("slugs", nargs="*", metavar="KATA")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    group = ControlGroup.of_this_process()
    if group is None:
        raise SystemExit("A control group is needed: run this as root.")
    katas = [kata for kata in catalogue.load_all(ROOT) if not given.slugs or kata.slug in given.slugs]
    print("| kata | right: wall | CPU | workers | wrong: wall | CPU | workers |\n|---|---|---|---|---|---|---|")
    with Judge(ROOT, resident=True) as judge:
        for kata in katas:
            solution = intake.solved(kata)
            wrong = kata.wrong[0].submission(solution)
            costs = [costs_of(judge, group, kata, files, given.rounds) for files in (solution, wrong)]
            cells = [f"{value:.2f}" if value < 10 else f"{value:.0f}" for cost in costs for value in cost]
            print(f"| {' | '.join([kata.slug, *cells])} |", flush=True)


def costs_of(judge: Judge, group: ControlGroup, kata: Kata, files: dict[str, bytes], rounds: int) -> Cost:
    if kata.kind == "exercise":
        judge.grade_files(kata.slug, files)
    found = [cost_of(judge, group, kata, files) for _ in range(rounds if kata.kind == "exercise" else 1)]
    return Cost(*(median(each) for each in zip(*found, strict=True)))


def cost_of(judge: Judge, group: ControlGroup, kata: Kata, files: dict[str, bytes]) -> Cost:
    workers = Workers(group)
    workers.start()
    started, used = time.perf_counter(), group.cpu_s()
    verdict = judge.grade_files(kata.slug, files)
    wall, cpu = time.perf_counter() - started, group.cpu_s() - used
    workers.ended.set()
    workers.join()
    assert verdict.tests, f"{kata.slug}: {verdict.message}"
    assert verdict.confinement == "full", verdict.confinement
    return Cost(wall, cpu, min(workers.total(), cpu))


if __name__ == "__main__":
    main()
