"""Helpers for tests of the judge: look up results by name, and list the processes of this machine."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from graders.verdict import TestResult, Verdict


def result(verdict: Verdict, name: str) -> TestResult:
    """Return the result of one test."""
    (found,) = (test for test in verdict.tests if test.name == name)
    return found


def statuses(verdict: Verdict) -> dict[str, str]:
    """Return the status of every test by name."""
    return {test.name: test.status for test in verdict.tests}


def tasks(verdict: Verdict) -> dict[str, str]:
    """Return the status of every task by name."""
    return {task.name: task.status for task in verdict.tasks}


class Process(NamedTuple):
    """A running process. `start` distinguishes it from a later process with the same ID."""

    pid: int
    start: str
    parent: int
    cpu_ticks: int


def running() -> set[Process]:
    """Return all processes of this machine except zombies."""
    found = set()
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = Path(f"/proc/{entry}/stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[0] not in "ZX":
                found.add(Process(int(entry), fields[19], int(fields[1]), int(fields[11]) + int(fields[12])))
    return found


def descendants(pid: int) -> set[Process]:
    """Return the descendants of `pid`, without `pid` itself."""
    found: set[Process] = set()
    everyone = running()
    parents = {pid}
    while parents:
        children = {process for process in everyone if process.parent in parents} - found
        found |= children
        parents = {process.pid for process in children}
    return found


def command_line(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        return []
