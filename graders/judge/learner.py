"""Learner mode: the submission lives in the pytest process, and what fails is shown as a learner wants to see it."""

from __future__ import annotations

import contextlib
import importlib
import math
import os
import pdb
import sys
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest
from _pytest.outcomes import OutcomeException

from graders.catalogue import Kata
from graders.checks.mismatch import Mismatch
from graders.errors import CatalogueError, SubmissionError, WorkerError
from graders.judge.cases import Failure, Trial
from graders.judge.explanation import message
from graders.judge.handle import Handle
from graders.judge.items import KATA, SEED, task_of
from graders.judge.local import LocalSide
from graders.judge.race import Race
from graders.judge.scoring import Tally, blocking
from graders.judge.tutor import told

HARNESS = str(Path(__file__).parents[1]) + os.sep
PATIENCE, LEAST_S = 2, 30  # a learner waits so many times test_s, and at least so many seconds
HIDDEN = HARNESS + "hidden" + os.sep
IMPORTLIB = str(Path(importlib.__file__).parent) + os.sep
CONTEXTLIB = contextlib.__file__  # the tests' `with about(...)`
EXTRA = "This task is extra: it gives points, and you pass without it."


@dataclass
class LocalMode:
    """The submission lives in this process: katas/<slug> itself, or the sibling tree named by --against."""

    against: str | None = None
    faults: list[str] = field(default_factory=list)
    diagnosed: list[Kata] = field(default_factory=list)
    folders: Callable[[Kata], Path] = field(init=False)

    def __post_init__(self) -> None:
        self.folders = lambda kata: kata.root / (self.against or "katas") / kata.slug

    def handle(self, item: pytest.Item, kata: Kata) -> Handle:
        if kata.runtime_of(task_of(item)) != "numpy":
            importlib.import_module("torch").set_num_threads(1)  # as in a worker
        folder = self.folders(kata)
        if not folder.is_dir():
            pytest.fail(f"{folder} does not exist: --against takes the name of a folder beside katas/", pytrace=False)
        try:
            side = LocalSide(kata, folder)
        except CatalogueError as fault:
            pytest.fail(str(fault), pytrace=False)
        return Handle(
            kata,
            side,
            lambda: LocalSide(kata, kata.solution, call_s=math.inf),
            timed=lambda race, _: _show_times(item, race),
        )

    def run(self, item: pytest.Function, trial: Trial) -> None:
        __tracebackhide__ = True
        debugging = any(item.config.getoption(option, False) for option in ("usepdb", "trace"))
        if not debugging:
            _import(trial.kata)
        try:
            with _breakpoints() as silence:
                failure = trial.failure(reducing=not debugging, before_reducing=silence)
                silence()
                diagnosis = self._diagnosis(item, trial, failure) if failure and not debugging else ""
        except (Exception, SystemExit, OutcomeException) as fault:  # noqa: BLE001 (it is raised again)
            raise fault.with_traceback(_learners_own(fault.__traceback__, trial.kata)) from fault.__cause__
        if failure is not None:
            if not debugging:
                _say_what_is_unwritten(trial.kata, failure.fault)
            trace = _learners_own(failure.fault.__traceback__, trial.kata)
            shown = _told(failure, trial.kata, diagnosis)
            if _is_extra(trial.kata.kata, task_of(item)):
                shown.add_note(f"\n{EXTRA}")
            raise shown.with_traceback(trace) from failure.fault.__cause__

    def _diagnosis(self, item: pytest.Item, trial: Trial, failure: Failure) -> str:
        """Of each kata's first failure, what is known to do just that; nothing if it is not written or was stopped."""
        kata = trial.kata.kata
        if kata in self.diagnosed or isinstance(failure.fault, NotImplementedError | SystemExit | WorkerError):
            return ""
        self.diagnosed.append(kata)
        return told(item, self.folders(kata), failure.case)


def _is_extra(kata: Kata, name: str) -> bool:
    return not kata.require_extras and any(task.extra for task in kata.tasks if task.name == name)


def _import(handle: Handle) -> None:
    """Import the submission ahead of the test: a fault in that is said once, without the machinery of importing."""
    assert isinstance(handle.side, LocalSide)
    said = ""
    try:
        handle.side.load()
    except Exception as fault:  # noqa: BLE001 (a submission may raise anything)
        own = fault.with_traceback(_learners_own(fault.__traceback__, handle, keep_all=False))
        told = "".join(traceback.format_exception(own, chain=False)).rstrip()
        said = f"{' or '.join(handle.kata.files)} cannot be imported: {type(fault).__name__}: {fault}\n\n{told}"
    if said:
        pytest.fail(said, pytrace=False)


@contextlib.contextmanager
def _breakpoints() -> Iterator[Callable[[], None]]:
    """Yields what silences them: one that was hit should not be hit again for every smaller case that is tried."""
    hook, set_trace = sys.breakpointhook, pdb.set_trace

    def silence() -> None:
        sys.breakpointhook = pdb.set_trace = lambda *_, **__: None

    try:
        yield silence
    finally:
        sys.breakpointhook, pdb.set_trace = hook, set_trace


def _say_what_is_unwritten(handle: Handle, fault: Exception) -> None:
    """Fail in one line when the fault is a stub's own NotImplementedError."""
    if type(fault) is not NotImplementedError or fault.args:
        return
    assert isinstance(handle.side, LocalSide)
    *_, (frame, line) = traceback.walk_tb(fault.__traceback__)
    file = Path(frame.f_code.co_filename)
    if file.is_relative_to(handle.side.folder):
        shown = os.path.relpath(file)
        pytest.fail(f"{frame.f_code.co_qualname} is not written yet: {shown}, line {line}", pytrace=False)


def _told(failure: Failure, handle: Handle, diagnosis: str) -> Exception:
    """The exception that a learner sees: the judge's words where it is the judge that speaks, and the smallest case."""
    fault = failure.fault
    if isinstance(fault, Mismatch | SubmissionError):
        fault = AssertionError(message(failure, handle))
    if diagnosis:
        fault.add_note(f"\n{diagnosis}")
    if failure.counterexample and not isinstance(fault, pytest.exit.Exception):  # who leaves a debugger wants out
        lines = failure.counterexample.splitlines()
        form = "as code" if any(line and not line.startswith("#") for line in lines) else "described"
        code = "\n".join("    " + line if line else "" for line in lines)
        fault.add_note(f"\nThe smallest failing case, {form}:\n\n{code}")
    return fault


def _show_times(item: pytest.Item, race: Race) -> None:
    """Two rows of pytest-benchmark's table, submission beside reference."""
    session = getattr(item.config, "_benchmarksession", None)
    if session is None or session.disabled or session.skip:
        return
    from pytest_benchmark.fixture import BenchmarkFixture

    for who, times in zip(("submission", "reference"), race.times, strict=True):
        fixture: Any = BenchmarkFixture(  # type: ignore[no-untyped-call]
            item,
            add_stats=session.benchmarks.append,
            logger=session.logger,
            warner=item.warn,
            disabled=False,
            **dict(session.options, group=f"speed: {item.name}"),
        )
        fixture.name = fixture.fullname = who
        stats = fixture._make_stats(1)
        for seconds in times[1:]:  # the first is the warm-up
            stats.update(seconds)


def _learners_own(trace: TracebackType | None, handle: Handle, *, keep_all: bool = True) -> TracebackType | None:
    """The traceback down to the last line of the learner's files, without frames of the harness and of importing.

    Where none of the learner's lines is in it, it goes on to its end; if nothing is left, all of it, or None.
    """
    assert isinstance(handle.side, LocalSide)
    kept: list[TracebackType] = []
    rest = trace
    while rest is not None:
        if not _ours(rest.tb_frame.f_code.co_filename):
            kept.append(rest)
        rest = rest.tb_next
    own = [number for number, entry in enumerate(kept) if handle.side.holds(entry.tb_frame.f_code.co_filename)]
    if own:
        kept = kept[: own[-1] + 1]
    rebuilt: TracebackType | None = None
    for entry in reversed(kept):
        rebuilt = TracebackType(rebuilt, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return rebuilt or (trace if keep_all else None)


def _ours(file: str) -> bool:
    """Whether a learner is better off without a frame of this file; hidden tests are worth a look."""
    harness = file.startswith(HARNESS) and not file.startswith(HIDDEN)
    return harness or file.startswith(("<frozen importlib", IMPORTLIB, CONTEXTLIB))


def has_gpu() -> bool:
    """Whether torch can use a CUDA device."""
    torch = sys.modules.get("torch")
    return torch is not None and bool(torch.cuda.is_available())


class Learner:
    """Keeps the tally and prints it; registered in learner mode, in xdist's controller as in its workers."""

    def __init__(self, config: pytest.Config) -> None:
        self.tally = Tally()
        self.against = config.getoption("--against")
        self.seed = config.stash[SEED].hex()
        self.blocked: list[str] = []
        self.failed = False

    def pytest_report_header(self) -> str:
        return f"katas: {self.against or 'your own files'}, inputs drawn with --seed={self.seed}"

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Limit whole tests too, where pytest-timeout is installed; LocalSide limits every call."""
        if config.pluginmanager.hasplugin("timeout"):
            for item in items:
                if KATA in item.stash:
                    patience = PATIENCE * item.stash[KATA].limits.test_s
                    item.add_marker(pytest.mark.timeout(max(patience, LEAST_S)))

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if KATA not in item.stash:
            return
        if item.get_closest_marker("gpu") and not has_gpu():
            pytest.skip("ungraded: there is no GPU here")
        kata = item.stash[KATA]
        others = blocking(kata, self.tally.failed(kata), task_of(item))
        if others:
            pytest.skip(f"blocked: first make {' and '.join(others)} pass")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self) -> Any:
        """Leaves the fixtures out of what is shown of a test's arguments: they say nothing to a learner."""
        report = yield
        for entry in getattr(getattr(report.longrepr, "reprtraceback", None), "reprentries", ()):
            shown = getattr(entry, "reprfuncargs", None)
            if shown is not None:
                shown.args = [each for each in shown.args if each[0] not in ("kata", "draw", "probes")]
        return report

    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, str] | None:
        return ("blocked", "b", "BLOCKED") if _waiting(report) else None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        properties: dict[str, Any] = dict(report.user_properties)
        if "kata" in properties and (report.when == "call" or not report.passed):
            self.tally.record(properties, report.outcome)
            self.failed = self.failed or report.failed
            if _waiting(report):
                self.blocked.append(f"{report.nodeid.rpartition('::')[2]} is {_waiting(report)}")

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        lines = self.tally.lines()
        if lines:
            terminalreporter.section("points, unofficial", sep="-")
        for line in [*lines, *self.blocked, *([f"the same inputs again: --seed={self.seed}"] if self.failed else [])]:
            terminalreporter.write_line(line)


def _waiting(report: Any) -> str:
    """The reason of a test that was not run because of what it builds on; empty for any other."""
    reason = report.longrepr[2] if report.skipped and isinstance(report.longrepr, tuple) else ""
    said = str(reason).removeprefix("Skipped: ")
    return said if said.startswith("blocked: ") else ""
