"""Runs one test at a time on a submission, within the judge's own limits, and turns the outcome into a result."""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass, field
from functools import partial

import msgspec
import pytest

from graders import watchdog
from graders.catalogue import Kata
from graders.checks.mismatch import TooSlow
from graders.checks.speed import Race
from graders.errors import ForkServerDied, KataError, MachineBusy, TimeLimitError, WorkerError
from graders.judge.refusals import MESSAGE
from graders.judge.sides import Sides, WorkerSide
from graders.pytest_plugin.cases import Failure, Trial, is_unwritten
from graders.pytest_plugin.diagnosis import CASES, Case
from graders.pytest_plugin.explanation import message, subject
from graders.pytest_plugin.handle import Handle
from graders.pytest_plugin.items import HANDLE, is_hidden, task_of, title_of
from graders.pytest_plugin.pytest_internals import failure_text, run_once
from graders.report.text import clean
from graders.unix import address_space
from graders.verdict import Reason, Speed, TestResult, TestStatus

OUTPUT = 64 << 10  # the limit in bytes for the output of a test
PRINTED_IN_ALL = 256 << 10  # the limit in bytes for the output of all tests together
CODE = 6000  # a counterexample is cut to this many characters


@dataclass
class Run:
    """One run of a test on a side. `failure` is what went wrong, and `printed` the output until then."""

    side: WorkerSide
    reducing: bool
    first: bool  # whether no other test of its task has failed
    handle: Handle
    others: dict[str, WorkerSide] = field(default_factory=dict)  # the submission in other runtimes
    new: list[WorkerSide] = field(default_factory=list)  # the submission again, before any call
    speed: Speed | None = None
    failure: Failure | None = None
    printed: str = ""


@dataclass
class JudgeRunner:
    """Runs the tests of one grading run. This is the mode of the pytest plugin (graders.pytest_plugin.items.Mode)."""

    kata: Kata
    sides: Sides
    current: Run | None = None
    cases: dict[str, Case] = field(default_factory=dict)  # what a diagnosis observes, by test
    undiagnosed: set[str] = field(default_factory=set)  # tests whose worker did not answer, or which reached a stub
    usual: bool = True  # whether nothing happened after which this process should not grade another submission
    _repeating: dict[str, WorkerSide | None] = field(default_factory=dict)  # by runtime; see _other
    _remembers: bool = False  # whether a wrong answer depended on earlier calls
    _printed: dict[str, int] = field(default_factory=dict)  # the length of each test's output, in bytes
    _collected_at: int = 0  # the size of this process after the last collection of garbage, in bytes

    def result(self, item: pytest.Item, side: WorkerSide, *, reducing: bool, first: bool) -> TestResult:
        """Run a test on this side, and return its result. For `reducing` and `first`, see `Trial.failure`."""
        self.undiagnosed.discard(item.nodeid)
        started, cpu_s = time.monotonic(), side.worker.cpu_s()
        self.sides.clock.begin()
        handle = Handle(
            self.kata,
            side,
            partial(self.sides.reference, self.sides.runtime(item)),
            timed=self._keep_speed,
            elsewhere=partial(self._elsewhere, item),
            afresh=partial(self._afresh, item) if self.sides.request.options.reducing else None,
            other=partial(self._other, item),
        )
        run = self.current = Run(side, reducing, first, handle)
        result = self._within_limits(item)
        result = msgspec.structs.replace(
            result,
            duration_s=round(time.monotonic() - started, 6),
            worker_cpu_s=round(max(side.worker.cpu_s() - cpu_s, 0.0), 6),
            output=self._limited(item, self._output(run)),
            speed=run.speed,
        )
        side.worker.forget_output()
        for other in (*run.others.values(), *run.new):
            other.worker.kill("its test is over")
        # Release the values that the submission returned. Those of all tests may not fit in memory.
        self.current = None
        if HANDLE in item.stash:
            del item.stash[HANDLE]
        # An exception and its call form a cycle, which only a collection frees. With PyTorch, one takes 0.1 s.
        if watchdog.short_of_memory(self._collected_at):
            gc.collect()
            self._collected_at = address_space()
        return result

    def _output(self, run: Run) -> str:
        printed = run.printed or run.side.worker.take_output()
        return "\n".join(run.handle.measured) if self.sides.request.options.measuring else printed

    def _keep_speed(self, race: Race, speed: Speed) -> None:
        if self.current is not None and not race.own:
            self.current.speed = speed

    def _elsewhere(self, item: pytest.Item, runtime: str) -> WorkerSide:
        """Return the submission in a worker of this runtime. This is the test's own worker if it has this runtime."""
        assert self.current is not None
        if runtime == self.sides.runtime(item):
            return self.current.side
        if runtime not in self.current.others:
            self.current.others[runtime] = self.sides.new(runtime, item.name)
        return self.current.others[runtime]

    def _afresh(self, item: pytest.Item) -> WorkerSide:
        """Return the submission in a new worker."""
        assert self.current is not None
        side = self.sides.new(self.sides.runtime(item), item.name)
        self.current.new.append(side)
        return side

    def _other(self, item: pytest.Item) -> WorkerSide | None:
        """Return the submission in a worker that repeats the wrong answers of all tests.

        The first wrong answer, and all after one that depended on earlier calls, are repeated in new processes instead.
        """
        runtime = self.sides.runtime(item)
        if self._remembers:
            return None
        if runtime not in self._repeating:
            self._repeating[runtime] = None
            return None
        side = self._repeating[runtime]
        if side is None or not side.worker.alive:
            side = self._repeating[runtime] = self.sides.new(runtime, "repeating")
        return side

    def _limited(self, item: pytest.Item, output: str) -> str:
        """Return a test's output, cut to OUTPUT bytes, or a note if all outputs exceed PRINTED_IN_ALL bytes."""
        text = clean(output, OUTPUT)
        if len(data := text.encode()) > OUTPUT:  # one invalid byte is replaced by three bytes
            text = data[:OUTPUT].decode(errors="ignore") + "… (cut)"
        self._printed[item.nodeid] = len(text.encode())
        if text and sum(self._printed.values()) > PRINTED_IN_ALL:
            text = f"(left out: the tests together printed more than {PRINTED_IN_ALL >> 10} kB)"
            self._printed[item.nodeid] = len(text)
        return text

    def _within_limits(self, item: pytest.Item) -> TestResult:
        """Run a test within the judge's own limits, and return its result."""
        seconds = watchdog.test_seconds(self.kata.limits)
        try:
            with watchdog.cpu_limit(seconds):
                return self._finished(item)
        except watchdog.OutOfTime:
            watchdog.stop()
            text = f"the judge gave up after {seconds:g} s of CPU time"
        except MemoryError:
            text = "the judge ran out of memory"
        self.usual = False
        handle = item.stash.get(HANDLE, None)
        if handle is None or not handle.call_log.looked:  # then the test has not used the submission
            return msgspec.structs.replace(result_of(item), status="error", message=text)
        name = subject(self.kata, handle.call_log.last) or "the submission"
        text = f"{name}: {text} while it checked the returned value. Return only what the task asks for."
        return msgspec.structs.replace(result_of(item), status="failed", message=clean(text, MESSAGE))

    def _finished(self, item: pytest.Item) -> TestResult:
        """Run a test, and return its result. An exception outside the trial is an error of the test itself."""
        result = result_of(item)
        try:
            run_once(item)
        except (ForkServerDied, MachineBusy, MemoryError):
            raise
        except pytest.skip.Exception as fault:  # a core test must not skip: a submission may have been the reason
            extra = any(task.extra for task in self.kata.tasks if task.name == result.task)
            status: TestStatus = "ungraded" if extra else "failed"
            reason: Reason = ""
            if self.sides.request.options.impatient and not extra:  # a learner's own screen: the task is still to do
                status, reason = "blocked", "unchanged"
            return msgspec.structs.replace(result, status=status, reason=reason, message=clean(str(fault), MESSAGE))
        except Exception as fault:  # noqa: BLE001 (the trial catches the submission's exceptions)
            why = str(fault) if isinstance(fault, KataError) else failure_text(item, fault)
            text = clean(f"the test itself broke: {why}", MESSAGE)
            return msgspec.structs.replace(result, status="error", message=text)
        failure = self.current.failure if self.current else None
        if failure is None:
            return result
        try:
            text = message(failure, item.stash[HANDLE])
        except Exception as fault:  # noqa: BLE001 (a failure without a message is still the submission's failure)
            text = f"{type(failure.fault).__name__}; the returned value cannot be shown ({type(fault).__name__})"
        return msgspec.structs.replace(
            result,
            status="failed",
            reason=_reason(failure.fault),
            message=clean(text, MESSAGE),
            counterexample=clean(failure.counterexample.text, CODE),
            expected=clean(failure.counterexample.expected, CODE),
            actual=clean(failure.counterexample.actual, CODE),
        )

    # These methods implement graders.pytest_plugin.items.Mode.

    def handle(self, item: pytest.Item, kata: Kata) -> Handle:
        del item, kata
        assert self.current is not None
        return self.current.handle

    def run(self, item: pytest.Function, trial: Trial) -> None:
        run = self.current
        assert run is not None

        def keep_output() -> None:
            run.printed = run.side.worker.take_output()

        run.failure = trial.failure(reducing=run.reducing, first=run.first, before_reducing=keep_output)
        numbers = set(range(min(trial.count, CASES)))
        if run.failure is not None:
            if isinstance(run.failure.fault, WorkerError) or is_unwritten(run.failure.fault):
                self.undiagnosed.add(item.nodeid)
            self.usual = self.usual and not isinstance(run.failure.fault, WorkerError)
            self._remembers = self._remembers or run.failure.remembered
            numbers.add(run.failure.case)
        self.cases[item.nodeid] = Case(item.nodeid, task_of(item), trial.body, trial.name, tuple(sorted(numbers)))


def _reason(fault: Exception) -> Reason:
    if isinstance(fault, TooSlow):
        return "too slow"
    if is_unwritten(fault):
        return "unwritten"
    return "time limit" if isinstance(fault, TimeLimitError) else ""


def result_of(item: pytest.Item) -> TestResult:
    """Return the result of a test that passes."""
    return TestResult(
        name=item.name,
        title=title_of(item),
        task=task_of(item),
        visibility="hidden" if is_hidden(item) else "visible",
        status="passed",
    )
