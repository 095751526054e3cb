"""Diagnosis in learner mode: the known misconception that behaves just like what the learner has written.

The kata's tests are run once more in this process, quietly, and then compared as the judge compares them
(graders.judge.diagnosis): tests that a grading would block are left out. Where there are no wrong variants, in a
student bundle, nothing is said.
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
from _pytest.outcomes import OutcomeException

from graders.catalogue import Kata, Variant
from graders.checks.draw import Draw
from graders.errors import WorkerError
from graders.judge.cases import Trial
from graders.judge.diagnosis import BUDGET_S, CASES, SEED, Case, alike
from graders.judge.handle import Handle
from graders.judge.items import KATA, test_name
from graders.judge.local import LocalSide
from graders.judge.memory import Memory
from graders.judge.scoring import blocking, in_order, telling
from graders.report import wording
from graders.verdict import TestResult


def told(item: pytest.Item, folder: Path, case: int) -> str:
    """The diagnosis of a kata of which `item` failed at `case`, as a sentence; empty where there is none."""
    kata = item.stash[KATA]
    if not kata.solution.is_dir() or not (kata.hidden / "wrong").is_dir():
        return ""
    try:
        with _quietly(), tempfile.TemporaryDirectory(prefix="katas-") as place:
            found = Tutor(kata, folder, Path(place)).diagnosis(list(_visible(kata, item, case)))
    except (Exception, SystemExit, OutcomeException):  # noqa: BLE001 (without a name it is a failure still)
        return ""
    return wording.diagnosis(
        TestResult(name=item.name, task="", visibility="visible", status="failed", diagnosis=found)
    )


@dataclass(frozen=True)
class Asked:
    """A test of a kata: the task that it decides, how many cases it has, and what diagnosis looks at of it."""

    task: str
    count: int
    case: Case


@dataclass
class Tutor:
    """A learner's folder, and a place for the files that it is compared with."""

    kata: Kata
    folder: Path
    place: Path

    def diagnosis(self, visible: Sequence[Asked]) -> str:
        """The sentence of the one variant that does just what the learner's files do; empty where there is none."""
        found = self._alike(visible, self.kata.wrong, hidden=False)
        if not found:
            return ""
        # The hidden tests tell apart what looks the same here. They take time to load: only where it is of use.
        found = self._alike([*visible, *_hidden(self.kata)], found, hidden=True)
        return found[0].sentence if len(found) == 1 else ""

    def _alike(self, tests: Sequence[Asked], variants: Sequence[Variant], *, hidden: bool) -> list[Variant]:
        """The variants that do just what the learner's files do; none where that takes too long.

        Without the hidden tests it is not known yet which tasks fail, nor whether the mistake shows.
        """
        cases, failed = self._graded(tests, self._imported(), time.process_time() + BUDGET_S)
        chosen = [variant for variant in variants if variant.task in failed or not hidden]
        return alike(self.kata, chosen, cases, self._imported(), self._side, Memory(), cpu_s=BUDGET_S, all_cases=hidden)

    def _graded(self, tests: Sequence[Asked], own: LocalSide, deadline: float) -> tuple[list[Case], set[str]]:
        """What a grading runs of these tests and diagnosis may look at, the failed ones first; the tasks that fail.

        Raises TimeoutError after the deadline, in CPU seconds of this process.
        """
        places = {name: place for place, name in enumerate(in_order(self.kata))}
        passing: list[Asked] = []
        failing: list[Asked] = []
        failed: set[str] = set()
        for test in sorted(tests, key=lambda test: places[test.task]):
            if blocking(self.kata, failed, test.task):
                continue
            fault = self._fault(test, own)
            if fault is not None:
                failed.add(test.task)
            if not isinstance(fault, WorkerError):
                (passing if fault is None else failing).append(test)
            if time.process_time() > deadline:
                raise TimeoutError
        told = telling(self.kata, failed)
        return [test.case for test in [*failing, *passing] if test.task in told], failed & told

    def _fault(self, test: Asked, own: LocalSide) -> Exception | None:
        """What goes wrong in a test, if it is the learner's doing."""
        trial = Trial(test.case.body, Handle(self.kata, own), SEED, test.case.name, test.count)
        for number in sorted({*range(test.count), *test.case.numbers}):
            try:
                fault = trial.fault_of(Draw(SEED, test.case.name, number))
            except (Exception, OutcomeException):  # noqa: BLE001 (a race has no reference here, a test may be skipped)
                return None
            if fault is not None:
                return fault
        return None

    def _imported(self) -> LocalSide:
        """The learner's files, imported afresh: they may keep what they were asked before."""
        side = LocalSide(self.kata, self.folder)
        side.load()
        return side

    def _side(self, files: dict[str, bytes]) -> LocalSide:
        folder = Path(tempfile.mkdtemp(dir=self.place))
        for name, data in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        return LocalSide(self.kata, folder)


def _visible(kata: Kata, failed: pytest.Item, case: int) -> Iterator[Asked]:
    """The kata's tests as pytest has collected them."""
    for item in failed.session.items:
        if isinstance(item, pytest.Function) and item.stash.get(KATA, None) == kata:
            also = {case} if item is failed else set()
            yield from _asked(item.obj, list(item.iter_markers()), item.path, test_name(item), also)


def _hidden(kata: Kata) -> Iterator[Asked]:
    """The kata's hidden tests, without pytest."""
    for path in kata.hidden_tests:
        spec = importlib.util.spec_from_file_location(f"{kata.slug}_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        for name, function in vars(module).items():
            if name.startswith("test_") and inspect.isfunction(function):
                yield from _asked(function, getattr(function, "pytestmark", []), path, f"hidden/{name}", set())


def _asked(
    function: Callable[..., object], marks: Sequence[pytest.Mark], path: Path, name: str, also: set[int]
) -> Iterator[Asked]:
    """A test that was perhaps not set up, as something to run; nothing where it needs more than the katas' fixtures."""
    from graders.judge.plugin import probes_beside

    names = inspect.signature(function).parameters.keys()
    if not {"kata"} <= names <= {"kata", "draw", "probes"} or any(mark.name == "gpu" for mark in marks):
        return
    count = next((int(mark.args[0]) for mark in marks if mark.name == "cases"), 1)
    task = next((str(mark.args[0]) for mark in marks if mark.name == "task" and mark.args), "")
    probes = probes_beside(path) if "probes" in names else None

    def body(handle: Handle, drawn: Draw) -> object:
        given = {"kata": handle, "draw": drawn, "probes": probes}
        return function(**{name: given[name] for name in names})

    yield Asked(task, count, Case(name, body, name, tuple(sorted(set(range(min(count, CASES))) | also))))


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Nothing is printed, warned of or written beside the variants, and no breakpoint is hit."""
    kept = sys.dont_write_bytecode
    sys.dont_write_bytecode = True
    nowhere = io.StringIO()
    try:
        with contextlib.redirect_stdout(nowhere), contextlib.redirect_stderr(nowhere), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        sys.dont_write_bytecode = kept
