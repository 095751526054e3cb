"""Counts the points of a run in learner mode, in which only some of the tests may run."""

from __future__ import annotations

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from graders import catalogue
from graders.catalogue import Kata

NO_GPU = 77  # the exit status if nothing ran for lack of a GPU; also Automake's status of a skipped test
_WORST = ("passed", "ungraded", "skipped", "blocked", "rerun", "error", "failed")


@dataclass
class PointTally:
    """A record of the test outcomes in learner mode.

    It determines which tests are blocked, and provides the summary.
    """

    results: dict[tuple[str, str], dict[str, dict[str, str]]] = field(default_factory=dict)  # by kata, task and test
    without_gpu: set[str] = field(default_factory=set)  # the tests that were skipped for lack of a GPU

    def record(self, properties: dict[str, str], test: str, outcome: str) -> None:
        """Record the outcome of a test phase, which is "started" or one of _WORST.

        `properties` has the keys `root`, `kata` and `task`. If a test runs several times, the worst outcome counts,
        except that pytest-rerunfailures replaces the outcome "rerun".
        """
        tasks = self.results.setdefault((properties["root"], properties["kata"]), {})
        tests = tasks.setdefault(properties["task"], {})
        if "ungraded" in properties:
            self.without_gpu.add(test)
        before = tests.get(test, "started")
        if before in ("started", "rerun"):
            tests[test] = outcome
        elif outcome != "started":
            tests[test] = max(before, outcome, key=_WORST.index)

    def failed(self, kata: Kata) -> set[str]:
        tasks = self.results.get((str(kata.root), kata.slug), {})
        return {task for task, tests in tasks.items() if "failed" in tests.values()}

    @property
    def outcomes(self) -> list[str]:
        """The outcomes of all tests."""
        return [each for tasks in self.results.values() for tests in tasks.values() for each in tests.values()]

    @property
    def skipped(self) -> list[str]:
        """The names of the tests that were skipped although their result counts."""
        tests = [test for tasks in self.results.values() for tests in tasks.values() for test in tests.items()]
        return [name.rpartition("::")[2] for name, outcome in tests if outcome == "skipped"]

    @property
    def lacks_gpu(self) -> bool:
        """Whether every test was left out because the machine has no GPU."""
        return bool(self.without_gpu) and len(self.without_gpu) == len(self.outcomes)

    def status(self) -> int:
        """Return the exit status of a run without failures, which is 0 only if its tests have passed."""
        if self.lacks_gpu:
            return NO_GPU
        if {*self.outcomes} - {"passed", "ungraded"}:
            return pytest.ExitCode.TESTS_FAILED
        return pytest.ExitCode.OK if "passed" in self.outcomes else pytest.ExitCode.NO_TESTS_COLLECTED

    def lines(self) -> list[str]:
        """Return one line per kata, which gives the points so far and says how to get the official verdict."""
        if self.lacks_gpu:
            return []
        return [self._line(Path(root), slug, tasks) for (root, slug), tasks in sorted(self.results.items())]

    def _line(self, root: Path, slug: str, tests: dict[str, dict[str, str]]) -> str:
        kata = catalogue.load(root, slug)
        by_name: dict[str, Any] = {task.name: task for task in kata.tasks}
        wanted = functions_of(kata)
        tasks = {name: {*tests[name].values()} for name in tests if _is_decided(tests[name], wanted[name])}
        decided = [name for name in tasks if not by_name[name].review]
        passed = [name for name in decided if tasks[name] == {"passed"}]
        points, possible = (sum(by_name[name].points for name in names) for names in (passed, decided))
        core, extra = ([name for name in decided if by_name[name].extra == each] for each in (False, True))
        counted = [f"{len(set(core) & set(passed))} of {len(core)} tasks"] if core else []
        if extra:
            counted.append(f"extras {len(set(extra) & set(passed))} of {len(extra)}")
        counted.append(f"{points:g} of {possible:g} points in the tests run here")
        unready = [name for name, seen in tasks.items() if by_name[name].review and "failed" in seen]
        if unready:
            counted.append(f"not ready for review: {', '.join(unready)}")
        needed = {task.name for task in kata.tasks if not task.extra and not task.review}
        if not unready and not kata.require_extras and needed <= set(passed) < set(decided):
            counted.append("the core passes")
        counts = "the official result comes from your course, which has further tests"
        official = counts if kata.handed_out else f"official: katas grade {slug}"
        return f"{slug}: {', '.join(counted)}{_left_out(kata, tasks)}; {official}"


def _is_decided(outcomes: dict[str, str], wanted: set[str]) -> bool:
    """Return whether the outcomes decide a task. A task that has passed so far may have tests that were not run."""
    if {*outcomes.values()} == {"passed"}:
        return wanted <= {test.rpartition("::")[2].partition("[")[0] for test in outcomes}
    return not {*outcomes.values()} <= {"passed", "ungraded", "started", "rerun"}


def functions_of(kata: Kata) -> dict[str, set[str]]:
    """Return the names of the visible test functions of each task. pytest may have collected only some of them."""
    names: dict[str, set[str]] = {task.name: set() for task in kata.tasks}
    for path in kata.visible_tests:
        functions = [node for node in ast.parse(path.read_bytes()).body if isinstance(node, ast.FunctionDef)]
        for function in functions:
            for mark in function.decorator_list:
                if isinstance(mark, ast.Call) and ast.unparse(mark.func).endswith("task") and mark.args:
                    names.setdefault(ast.literal_eval(mark.args[0]), set()).add(function.name)
    return names


def _left_out(kata: Kata, seen: Iterable[str]) -> str:
    person = sum(task.points for task in kata.tasks if task.review)
    unseen = sum(task.points for task in kata.tasks if task.name not in seen and not task.review)
    parts = [f"{unseen:g} point{'s' * (unseen != 1)} for tasks that were not run here, or only in part"] * bool(unseen)
    parts += [f"{person:g} points that are awarded manually"] * bool(person)
    return f"; not in this total: {', and '.join(parts)}" if parts else ""
