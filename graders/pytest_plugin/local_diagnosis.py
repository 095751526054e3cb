"""Finds the known misconception that behaves exactly like the learner's files, in learner mode.

The kata's tests run once more in the pytest process, without output, and are compared as in the judge. A student bundle
contains no wrong variants, so its tests never report a diagnosis.
"""

from __future__ import annotations

import contextlib
import importlib.util
import inspect
import io
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from graders.catalogue import Kata
from graders.checks.draw import Draw
from graders.errors import WorkerError
from graders.pytest_plugin.cases import Trial, is_unwritten
from graders.pytest_plugin.diagnosis import CASES, MOST_BYTES, SEED, Budget, Case, Program, diagnose, observation
from graders.pytest_plugin.handle import Handle, probes_beside
from graders.pytest_plugin.items import KATA, test_name
from graders.pytest_plugin.local_side import LocalSide
from graders.pytest_plugin.observation_cache import ObservationCache
from graders.pytest_plugin.pytest_internals import OUTCOMES
from graders.report import wording
from graders.scoring import blocking, tasks_for_diagnosis
from graders.verdict import TestResult

CPU_S = 3.0  # of this process, for the tests before the comparisons


def diagnosis_of(item: pytest.Item, folder: Path, case: int) -> str:
    """Return the diagnosis for a kata whose test `item` failed at `case`, or an empty string."""
    kata = item.stash[KATA]
    if not kata.solution.is_dir() or not (kata.hidden / "wrong").is_dir():
        return ""
    try:
        with _quietly(), tempfile.TemporaryDirectory(prefix="katas-") as place:
            tests = [
                *_visible(kata, item, case),
                *(test for path in kata.hidden_tests for test in local_tests(kata, path)),
            ]
            task = item.get_closest_marker("task")
            found, said = diagnosis_by(tests, kata, folder, Path(place), task.args[0] if task and task.args else "")
    except (Exception, SystemExit, *OUTCOMES):  # noqa: BLE001 (the failure is reported without a diagnosis)
        return ""
    if not found:
        return said.get(test_name(item), "")
    return wording.diagnosis(
        TestResult(name=item.name, task="", visibility="visible", status="failed", diagnosis=found)
    )


@dataclass(frozen=True)
class LocalTest:
    """A test of a kata, with its number of cases, and the cases that a diagnosis observes."""

    count: int
    case: Case


def diagnosis_by(
    tests: Sequence[LocalTest], kata: Kata, folder: Path, place: Path, task: str = ""
) -> tuple[str, dict[str, str]]:
    """Return the sentence of the only variant that behaves like the files in `folder`, or "".

    If there is none, also map names of tests to what is true of all their wrong answers. `place` is a temporary folder
    for the variants. If `task` failed, the files that it needs are diagnosed, otherwise those of the first failed task.
    """
    cases, failed = _graded(tests, kata, folder, task)

    def load(files: dict[str, bytes]) -> LocalSide:
        variant = Path(tempfile.mkdtemp(dir=place))
        for name, data in files.items():
            (variant / name).parent.mkdir(parents=True, exist_ok=True)
            (variant / name).write_bytes(data)
        return LocalSide(kata, variant)

    if not failed:
        return "", {}
    side = _loaded(kata, folder)
    own = Program(kata, lambda: side, MOST_BYTES)
    budget = Budget()
    _, found = diagnose(kata, failed, cases, own, load, ObservationCache(), budget)
    if found:
        return found, {}
    names, said = observation(kata, cases, own, budget)
    return "", dict.fromkeys(names, said)


def _graded(tests: Sequence[LocalTest], kata: Kata, folder: Path, task: str) -> tuple[list[Case], list[str]]:
    """Return the cases (of failed tests first) and the failed tasks, or none if no failed test can be explained.

    Raise TimeoutError after CPU_S.
    """
    deadline = time.process_time() + CPU_S
    own, order = _loaded(kata, folder), kata.in_order()
    passing: list[Case] = []
    failing: list[Case] = []
    failed: dict[str, None] = {}
    for test in sorted(tests, key=lambda test: order.index(test.case.task)):
        if blocking(kata, failed, test.case.task):
            continue
        fault = _fault(test, kata, own)
        if fault is None:
            passing.append(test.case)
        else:
            failed[test.case.task] = None
            if not isinstance(fault, WorkerError) and not is_unwritten(fault):
                failing.append(test.case)
        if time.process_time() > deadline:
            raise TimeoutError
    failing.sort(key=lambda case: case.task != task)
    relevant = tasks_for_diagnosis(kata, failed, [case.task for case in failing])
    passing, failing = ([case for case in cases if case.task in relevant] for cases in (passing, failing))
    if not failing:
        return [], []
    return [*failing, *passing], [failing[0].task, *(task for task in failed if task in relevant)]


def _fault(test: LocalTest, kata: Kata, own: LocalSide) -> Exception | None:
    trial = Trial(test.case.body, Handle(kata, own), SEED, test.case.name, test.count)
    try:
        faults = (
            trial.fault_of(Draw(SEED, test.case.name, number))
            for number in sorted({*range(test.count), *test.case.numbers})
        )
        return next((fault for fault in faults if fault is not None), None)
    except (Exception, *OUTCOMES):  # noqa: BLE001 (a speed test has no reference here; a test may be skipped)
        return None


def _loaded(kata: Kata, folder: Path) -> LocalSide:
    """Import the learner's files afresh, because they may keep state from earlier calls."""
    side = LocalSide(kata, folder)
    side.load()
    return side


def _visible(kata: Kata, failed: pytest.Item, case: int) -> Iterator[LocalTest]:
    for item in failed.session.items:
        if isinstance(item, pytest.Function) and item.stash.get(KATA, None) == kata:
            also = {case} if item is failed else set()
            yield from _local_test(item.obj, list(item.iter_markers()), item.path, test_name(item), also)


def local_tests(kata: Kata, path: Path) -> Iterator[LocalTest]:
    """Import a test file, and yield its tests with names that begin with "hidden/"."""
    spec = importlib.util.spec_from_file_location(f"{kata.slug}_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    for name, function in vars(module).items():
        if name.startswith("test_") and inspect.isfunction(function):
            yield from _local_test(function, getattr(function, "pytestmark", []), path, f"hidden/{name}", set())


def _local_test(
    function: Callable[..., object], marks: Sequence[pytest.Mark], path: Path, name: str, also: set[int]
) -> Iterator[LocalTest]:
    """Yield the test, unless it needs a GPU or a fixture other than `kata`, `draw` and `probes`."""
    names = inspect.signature(function).parameters.keys()
    nearest: dict[str, pytest.Mark] = {}
    for mark in marks:
        nearest.setdefault(mark.name, mark)
    if not {"kata"} <= names <= {"kata", "draw", "probes"} or "gpu" in nearest:
        return
    count = int(nearest["cases"].args[0]) if "cases" in nearest else 1
    task = str(nearest["task"].args[0]) if "task" in nearest and nearest["task"].args else ""
    probes = probes_beside(path) if "probes" in names else None

    def body(handle: Handle, drawn: Draw) -> object:
        given = {"kata": handle, "draw": drawn, "probes": probes}
        return function(**{name: given[name] for name in names})

    yield LocalTest(count, Case(name, task, body, name, tuple(sorted({*range(min(count, CASES))} | also))))


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Suppress printed output, warnings and bytecode files, so that a diagnosis leaves no trace."""
    before = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    nowhere = io.StringIO()
    try:
        with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        sys.dont_write_bytecode = before
