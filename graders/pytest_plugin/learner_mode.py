"""Runs the submission in the pytest process in learner mode, and reports failures for a learner."""

from __future__ import annotations

import contextlib
import functools
import importlib
import os
import pdb
import sys
import threading
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import pytest

from graders import catalogue
from graders.catalogue import Kata
from graders.checks.mismatch import Mismatch
from graders.errors import CatalogueError, JudgeError, SubmissionError, TimeLimitError, WorkerError
from graders.pytest_plugin.cases import Failure, Trial
from graders.pytest_plugin.explanation import advice_on, message
from graders.pytest_plugin.handle import Handle
from graders.pytest_plugin.items import KATA, SEED, task_of, test_name, title_of, worker_seed
from graders.pytest_plugin.local_diagnosis import diagnosis_of
from graders.pytest_plugin.local_rules import Enforcement, install
from graders.pytest_plugin.local_side import LocalSide, interrupted, missing_earlier, test_seconds
from graders.pytest_plugin.point_tally import PointTally
from graders.pytest_plugin.pytest_internals import OUTCOMES
from graders.report.wording import DESCRIBED, can_be_pasted
from graders.scoring import blocked_message, blocking

HARNESS = str(Path(__file__).parents[1]) + os.sep
BACKSTOP = 30  # how many times longer than its calls a test may take on a busy machine, before pytest-timeout stops it
HIDDEN = tuple(HARNESS + place + os.sep for place in ("hidden", os.path.join("shipped", "graders", "hidden")))
LONG_S = 10.0  # a test that has taken this long says so
STOPPED = pytest.StashKey[bool]()  # whether a time limit has stopped the submission in the test
# contextlib adds frames for `with about(...)` in a test.
_NOT_SHOWN = (HARNESS, "<frozen importlib", str(Path(importlib.__file__).parent) + os.sep, contextlib.__file__)
EXTRA = "This task is extra: it earns points, but you can pass without it."


@dataclass
class LocalMode:
    """The mode that runs katas/<slug>, or <against>/<slug> if --against is given, in this process."""

    against: str | None = None
    faults: list[str] = field(default_factory=list)
    diagnosed: list[Kata] = field(default_factory=list)
    reported: set[tuple[str, str]] = field(default_factory=set)  # errors in imports, by kata

    def folder(self, kata: Kata) -> Path:
        """Return the folder with the files that run."""
        return kata.in_tree(self.against or "katas")

    def handle(self, item: pytest.Item, kata: Kata) -> Handle:
        import_libraries(kata.runtime_of(task_of(item)), kata.packages)
        folder = self.folder(kata)
        if not folder.is_dir():
            pytest.fail(f"{folder} does not exist: --against takes the name of a folder next to katas/", pytrace=False)
        try:
            install()
            side = LocalSide(kata, folder, seed=worker_seed(item.config.stash[SEED], test_name(item)))
        except CatalogueError as fault:
            pytest.fail(str(fault), pytrace=False)
        against = functools.partial(LocalSide, kata, kata.solution, limited=False)
        afresh = None if _is_debugging(item) else functools.partial(LocalSide, kata, folder)
        return Handle(kata, side, against, afresh=afresh)

    def run(self, item: pytest.Function, trial: Trial) -> None:
        __tracebackhide__ = True
        kata, side = trial.kata.kata, trial.kata.side
        item.stash[STOPPED] = False
        assert isinstance(side, LocalSide)
        debugging = _is_debugging(item)
        if not debugging:
            _import(kata, side, self.reported)
        diagnosis = ""
        try:
            with _breakpoints() as silence:
                failure = trial.failure(reducing=not debugging, before_reducing=silence)
                silence()
                unfit = NotImplementedError | SystemExit | WorkerError  # unwritten, or stopped
                if failure and not debugging and kata not in self.diagnosed and not isinstance(failure.fault, unfit):
                    self.diagnosed.append(kata)  # only a kata's first failure is diagnosed
                    diagnosis = diagnosis_of(item, self.folder(kata), failure.case)
        except (Exception, SystemExit, *OUTCOMES) as fault:  # noqa: BLE001 (raised again)
            raise fault.with_traceback(_learners_own(fault.__traceback__, side)) from fault.__cause__
        if failure is not None:
            if not debugging:
                _fail_if_unwritten(kata, side, failure.fault)
            item.stash[STOPPED] = isinstance(failure.fault, TimeLimitError)
            shown = _shown_fault(failure, trial.kata, diagnosis)
            if not kata.require_extras and any(task.extra for task in kata.tasks if task.name == task_of(item)):
                shown.add_note(f"\n{EXTRA}")
            trace = _learners_own(failure.fault.__traceback__, side)
            raise shown.with_traceback(trace) from failure.fault.__cause__


def _is_debugging(item: pytest.Item) -> bool:
    return any(item.config.getoption(option, False) for option in ("usepdb", "trace"))


@functools.cache
def import_libraries(runtime: str, packages: tuple[str, ...]) -> None:
    """Import what a kata provides, so that no time limit of a submission counts or interrupts these imports."""
    if runtime != "numpy":
        torch = importlib.import_module("torch")
        torch.set_num_threads(1)  # as in a worker
        torch.optim.SGD([torch.zeros(1)], lr=0.1)  # the first optimiser imports a large part of torch
    for name in packages:
        with contextlib.suppress(ImportError):  # a learner who needs the package gets Python's own message
            importlib.import_module(name)
            if name == "matplotlib":
                importlib.import_module("matplotlib.pyplot")


def _import(kata: Kata, side: LocalSide, reported: set[tuple[str, str]]) -> None:
    """Import the submission before the test, to report an import error without the frames of importlib.

    The whole error is reported once, for the first test, and then noted in `reported`.
    """
    if missing := missing_earlier(kata, side.folder):
        slug, file = missing
        pytest.fail(f"Do {slug} first: {os.path.relpath(file)} is missing", pytrace=False)
    text = ""
    try:
        side.load()
    except JudgeError as fault:
        raise fault.with_traceback(_learners_own(fault.__traceback__, side)) from None
    except (Exception, SystemExit) as fault:  # noqa: BLE001 (a submission may raise anything)
        own = fault.with_traceback(_learners_own(fault.__traceback__, side, keep_all=False))
        trace = "".join(traceback.format_exception(own, chain=False)).rstrip()
        why = f"{type(fault).__name__}: {fault}".removesuffix(": ")
        text = f"{' or '.join(kata.files)} cannot be imported: {why}\n\n{trace}"
        if isinstance(fault, WorkerError):  # its name says nothing to a learner
            text = f"{fault}\n\n{trace.rpartition(chr(10))[0]}"
    if (kata.slug, text) in reported:
        pytest.fail(f"{' or '.join(kata.files)} cannot be imported: see the first failed test", pytrace=False)
    if text:
        reported.add((kata.slug, text))
        pytest.fail(text, pytrace=False)


@contextlib.contextmanager
def _breakpoints() -> Iterator[Callable[[], None]]:
    """Yield a function that disables breakpoints, so that the reducer does not hit them again and again."""
    hook, set_trace = sys.breakpointhook, pdb.set_trace

    def silence() -> None:
        sys.breakpointhook = pdb.set_trace = lambda *_, **__: None

    try:
        yield silence
    finally:
        sys.breakpointhook, pdb.set_trace = hook, set_trace


def _fail_if_unwritten(kata: Kata, side: LocalSide, fault: Exception) -> None:
    """Fail with a one-line message if the fault is a stub's own NotImplementedError."""
    if type(fault) is not NotImplementedError or fault.args:
        return
    *_, (frame, line) = traceback.walk_tb(fault.__traceback__)
    file = Path(frame.f_code.co_filename)
    if side.holds(str(file)):
        earlier = next((other.slug for other in kata.earlier if other.slug in file.parts), "")
        first = f". Finish {earlier} first: katas grade {earlier}" if earlier else ""
        place = f"{os.path.relpath(file)}, line {line}"
        pytest.fail(f"{frame.f_code.co_qualname} is not written yet: {place}{first}", pytrace=False)


def _shown_fault(failure: Failure, handle: Handle, diagnosis: str) -> Exception:
    fault = failure.fault
    worded = type(fault) is AssertionError and "\nassert " in str(fault)  # whether the test's author gave a message
    if isinstance(fault, Mismatch | SubmissionError) or worded:
        fault = AssertionError(message(failure, handle))
    frames = traceback.walk_tb(fault.__traceback__)
    own = isinstance(handle.side, LocalSide) and any(handle.side.holds(each.f_code.co_filename) for each, _ in frames)
    if said := diagnosis or (advice_on(fault) if own else ""):
        fault.add_note(f"\n{said}")
    if failure.counterexample.text and not isinstance(fault, pytest.exit.Exception):  # the learner left the debugger
        lines = failure.counterexample.text.splitlines()
        heading = "The smallest failing case, as code:" if can_be_pasted(failure.counterexample.text) else DESCRIBED
        code = "\n".join("    " + line if line else "" for line in lines)
        fault.add_note(f"\n{heading}\n\n{code}")
    return fault


def _learners_own(trace: TracebackType | None, side: LocalSide, *, keep_all: bool = True) -> TracebackType | None:
    """Return the traceback down to the learner's last line, without our frames; if none is left, all or None."""
    kept: list[TracebackType] = []
    last, rest = 0, trace
    while rest is not None:
        file = rest.tb_frame.f_code.co_filename
        # Frames of hidden tests are shown.
        if not file.startswith(_NOT_SHOWN) or file.startswith(HIDDEN):
            kept.append(rest)
        if side.holds(file):
            last = len(kept)
        rest = rest.tb_next
    rebuilt: TracebackType | None = None
    for entry in reversed(kept[: last or None]):
        rebuilt = TracebackType(rebuilt, entry.tb_frame, entry.tb_lasti, entry.tb_lineno)
    return rebuilt or (trace if keep_all else None)


class Learner:
    """A pytest plugin that counts and prints points in learner mode. Every xdist process registers it, too."""

    def __init__(self, config: pytest.Config) -> None:
        self.tally = PointTally()
        self.against = config.getoption("--against")
        self.seed = config.stash[SEED].hex()
        self.blocked: list[str] = []
        self.started: set[str] = set()  # the katas whose first test has started
        self.stopped: dict[tuple[str, str], str] = {}  # the test that a time limit has stopped, by kata and extra task
        self.failed = False
        self.begun = 0

    def pytest_report_header(self) -> str:
        return f"katas: {self.against or 'your own files'}, inputs generated with --seed={self.seed}"

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Limit the time of whole tests if pytest-timeout is installed. LocalSide limits a submission's own time."""
        if config.pluginmanager.hasplugin("timeout"):
            for item in items:
                if KATA in item.stash:
                    item.add_marker(pytest.mark.timeout(BACKSTOP * test_seconds(item.stash[KATA])))

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        if KATA not in item.stash:
            return
        torch = sys.modules.get("torch")
        if item.get_closest_marker("gpu") and not (torch and torch.cuda.is_available()):
            item.user_properties.append(("ungraded", "no GPU"))
            pytest.skip("ungraded: this machine has no GPU")
        kata = item.stash[KATA]
        missing = missing_earlier(kata, kata.root / (self.against or "katas") / kata.slug)
        if missing and kata.slug in self.started:  # its first test has said so
            _block(item, f"blocked: do {missing[0]} first", f"the rest of {kata.slug}")
        self.started.add(kata.slug)
        others = blocking(kata, self.tally.failed(kata), task_of(item))
        if others:
            _block(item, blocked_message(kata, others), item.name)
        key = kata.slug, task_of(item)
        if stopped := self.stopped.get((kata.slug, "")) or self.stopped.get(key):  # an endless loop costs one limit
            _block(item, f'not run, because your code was stopped in "{stopped}"', item.name)

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        """Say which test runs once it has taken LONG_S, and again every LONG_S. (Not with xdist.)

        The tests of an exercise are short, so its code runs in a process with a single thread.
        """
        self.begun += 1
        reporter = item.config.pluginmanager.getplugin("terminalreporter")
        which = f"test {self.begun} of {item.session.testscollected}, {title_of(item) or item.name}"
        over = threading.Event()

        def say() -> None:
            seconds = LONG_S
            while not over.wait(LONG_S) and not Enforcement.debugged:
                reporter.write_line(f"{which}: running for {seconds:g} s …")
                seconds += LONG_S

        if KATA in item.stash and item.stash[KATA].kind != "exercise" and reporter is not None:
            threading.Thread(target=say, daemon=True).start()
        try:
            return (yield)
        finally:
            over.set()

    def pytest_enter_pdb(self) -> None:
        Enforcement.debugged = True

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
        """Mark errors that are not the learner's, end a run that lost a library, hide our fixtures' values."""
        report = yield
        if KATA in item.stash:
            limit = item.stash[KATA].limits.output_kb << 10
            report.sections = [(title, _cut(text, limit)) for title, text in report.sections]
        report.is_error = call.excinfo is not None and isinstance(call.excinfo.value, JudgeError)
        if item.stash.get(STOPPED, False):
            kata, task = item.stash[KATA], task_of(item)
            extra = any(each.extra for each in kata.tasks if each.name == task)
            self.stopped.setdefault((kata.slug, task * extra), title_of(item) or item.name)
        if interrupted and not item.session.shouldstop:
            item.session.shouldstop = f"run pytest again: a time limit stopped the import of {interrupted[0]}"
        for entry in getattr(getattr(report.longrepr, "reprtraceback", None), "reprentries", ()):
            if shown := getattr(entry, "reprfuncargs", None):
                shown.args = [each for each in shown.args if each[0] not in ("kata", "draw", "probes")]
        return report

    def pytest_report_teststatus(self, report: Any) -> tuple[str, str, str] | None:
        if getattr(report, "is_error", False):
            return "error", "E", "ERROR"
        return ("blocked", "b", "BLOCKED") if _blocked(report) else None

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        properties: dict[str, Any] = dict(report.user_properties)
        if "kata" in properties and report.when == "setup" and report.passed:
            self.tally.record(properties, report.nodeid, "started")
        elif "kata" in properties and (report.when == "call" or not report.passed):
            self.tally.record(properties, report.nodeid, _outcome(report, properties))
            self.failed = self.failed or report.failed
            self.blocked += filter(None, [_blocked(report)])

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Let the exit status be 0 only if the tests have passed."""
        if session.exitstatus == pytest.ExitCode.OK and self.tally.results:
            session.exitstatus = self.tally.status()
        Enforcement.status = int(session.exitstatus)

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        lines = self.tally.lines()
        if lines:
            whose = f" of {self.against}/" if self.against else ""
            terminalreporter.section(f"points{whose}, unofficial", sep="-")
        lines += [f"{name} was skipped, so it has not passed" for name in self.tally.skipped]
        if self.tally.lacks_gpu:
            lines.append("no GPU: nothing was tested")
        repeat = [f"to repeat with the same inputs: --seed={self.seed}"] if self.failed else []
        for line in [*lines, *dict.fromkeys(self.blocked), *repeat]:
            terminalreporter.write_line(line)


def _block(item: pytest.Item, reason: str, subject: str) -> None:
    """Skip a test. Its reports say what is blocked, and why."""
    item.user_properties.append(("blocked", f"{subject} is {reason}"))
    pytest.skip(reason)


def _blocked(report: Any) -> str:
    return str(dict(report.user_properties).get("blocked", "")) if report.skipped else ""


def _outcome(report: pytest.TestReport, properties: dict[str, Any]) -> str:
    """Return a failed, skipped or finished test's outcome as the tally records it."""
    if getattr(report, "is_error", False):
        return "error"
    if report.skipped and "blocked" in properties:
        return "blocked"
    if report.skipped and not hasattr(report, "wasxfail"):
        kata = catalogue.load(Path(properties["root"]), properties["kata"])
        extra = any(task.extra for task in kata.tasks if task.name == properties["task"])
        return "ungraded" if extra or "ungraded" in properties else "skipped"
    return report.outcome


def _cut(text: str, limit: int) -> str:
    """Return printed text, cut as in an official grading."""
    return text if len(text) <= limit else f"{text[:limit]}\n[output cut at {limit >> 10} kB]\n"
