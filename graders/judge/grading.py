"""Grades one submission in a freshly forked judge. Every test gets its own worker, and the result is one verdict."""

from __future__ import annotations

import gc
import hashlib
import socket
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import msgspec
import pytest

from graders import watchdog
from graders.catalogue import Kata
from graders.errors import ForkServerDied, MachineBusy, TimeLimitError, WorkerError
from graders.judge.messages import GradeRequest, LoadRequest
from graders.judge.refusals import MESSAGE, refusal_of
from graders.judge.submission_side import Clock, ReferenceClock, WorkerSide
from graders.judge.worker_handle import Worker, WorkerGroup
from graders.pytest_plugin.cases import Failure, Trial, is_unwritten
from graders.pytest_plugin.diagnosis import CASES, SEED, Case, diagnose
from graders.pytest_plugin.explanation import message, subject
from graders.pytest_plugin.handle import Handle
from graders.pytest_plugin.items import HANDLE, is_hidden, task_of, title_of
from graders.pytest_plugin.observation_cache import ObservationCache
from graders.pytest_plugin.pytest_internals import failure_text, run_once
from graders.report.text import clean
from graders.scoring import blocked_message, blocking, in_order, scored, tasks_for_diagnosis, ungradable
from graders.verdict import STRENGTH, Confinement, Speed, TestResult, Verdict

WORKERS_AT_ONCE = 24  # the number of workers that are requested at a time
AHEAD = 3  # while a test runs, the workers of this many later tests import the submission
OUTPUT = 64 << 10  # the limit in bytes for the output of a test
PRINTED_IN_ALL = 256 << 10  # the limit in bytes for the output of all tests together
CODE = 6000  # a counterexample is cut to this many characters


@dataclass(frozen=True)
class Sandbox:
    """The socket of a workers' fork server, and the confinement of its workers."""

    socket: socket.socket
    confinement: Confinement
    reason: str = ""


def weakest(sandboxes: Mapping[str, Sandbox]) -> Sandbox:
    """Return the sandbox with the weakest confinement, which the verdict states."""
    return min(sandboxes.values(), key=lambda each: STRENGTH.index(each.confinement))


@dataclass
class Grading:
    """One grading run. `items` are the tests that pytest collected."""

    kata: Kata
    items: Sequence[pytest.Item]
    request: GradeRequest
    sandboxes: Mapping[str, Sandbox]  # the key is the name of the runtime
    report: Callable[[Verdict], None] = lambda _: None
    observations: ObservationCache = field(default_factory=ObservationCache)
    results: dict[str, TestResult] = field(default_factory=dict)
    pending: dict[str, WorkerSide] = field(default_factory=dict)
    found: Failure | None = None  # what went wrong in the current test
    undiagnosed: set[str] = field(default_factory=set)  # tests whose worker did not answer, or which reached a stub
    cases: dict[str, Case] = field(default_factory=dict)
    speeds: dict[str, Speed] = field(default_factory=dict)
    others: list[WorkerSide] = field(default_factory=list)  # the current test's workers in other runtimes

    def verdict(self) -> Verdict:
        """Grade the submission, and return the verdict.

        Raises ForkServerDied, MachineBusy, or JudgeError if no worker starts.
        """
        started = time.monotonic()
        self.clock = Clock(self.kata.limits)
        base = msgspec.structs.replace(self.request.verdict, confinement=weakest(self.sandboxes).confinement)
        items = self._ordered()
        if not items:
            return scored(base, self._scope, [])
        self.groups: list[WorkerGroup] = []
        try:
            self._acquire(items[:WORKERS_AT_ONCE])
            refusal = refusal_of(self.kata, self.pending[items[0].nodeid], self._fresh)
            if refusal:
                verdict = ungradable(base, self._scope, refusal)
            else:
                for number, item in enumerate(items):
                    if number and number % WORKERS_AT_ONCE == 0:
                        self._acquire(items[number : number + WORKERS_AT_ONCE])
                    for later in items[number + 1 : number + 1 + AHEAD]:
                        if later.nodeid in self.pending:
                            self.pending[later.nodeid].post()
                    self._run(item)
                    if self.request.progress and number + 1 < len(items):
                        self._report_progress(base, items, number + 1)
                    if not self.request.thorough and self.results[item.nodeid].status == "failed":
                        items = items[: number + 1]
                        break
                verdict = scored(base, self._scope, [self.results[item.nodeid] for item in items])
                failed = any(test.status == "failed" for test in verdict.tests)
                if failed and verdict.status != "error" and self.request.diagnosing:
                    self._diagnose(items)
                    verdict = scored(base, self._scope, [self.results[item.nodeid] for item in items])
        finally:
            for each in self.groups:
                each.close()
        return msgspec.structs.replace(verdict, duration_s=round(time.monotonic() - started, 6))

    def _report_progress(self, base: Verdict, items: Sequence[pytest.Item], count: int) -> None:
        undecided = {task_of(item) for item in items[count:]}
        scope = tuple(task for task in self._scope.tasks if task.name not in undecided)
        results = [self.results[item.nodeid] for item in items[:count]]
        tests = [msgspec.structs.replace(each, output="") if each.status == "passed" else each for each in results]
        self.report(scored(base, msgspec.structs.replace(self.kata, tasks=scope), tests))

    @property
    def _scope(self) -> Kata:
        """The kata, reduced to the requested tasks or, if only visible tests run, to the tasks of those tests."""
        wanted = set(self.request.tasks)
        if self.request.visible:
            wanted = {task_of(item) for item in self.items}
        every = not (self.request.tasks or self.request.visible)
        chosen = tuple(task for task in self.kata.tasks if every or task.name in wanted)
        return msgspec.structs.replace(self.kata, tasks=chosen)

    def _acquire(self, items: Sequence[pytest.Item]) -> None:
        for runtime in self.kata.runtimes:
            mine = [item for item in items if self.kata.runtime_of(task_of(item)) == runtime]
            if mine:
                for item, worker in zip(mine, self._group(runtime).acquire(len(mine)), strict=True):
                    self.pending[item.nodeid] = self._side(worker, item.name, self.request.files)

    def _ordered(self) -> list[pytest.Item]:
        places = {name: place for place, name in enumerate(in_order(self.kata))}
        return sorted(self.items, key=lambda item: places[task_of(item)])

    def _side(
        self, worker: Worker, purpose: str, files: dict[str, bytes], seed: bytes = b"", clock: Clock | None = None
    ) -> WorkerSide:
        clock = clock or self.clock
        submission = LoadRequest(
            files=files,
            supplied=self.request.supplied,
            modules=list(self.kata.modules),
            seed=_worker_seed(seed or self.request.seed, purpose),
            memory_mb=self.kata.limits.memory_mb,
            cpu_s=clock.cpu_s,
            forbidden=list(self.kata.forbidden),
            earlier=list(self.kata.earlier_modules),
        )
        return WorkerSide(self.kata, worker, clock, submission)

    def _fresh(self, files: dict[str, bytes]) -> WorkerSide:
        """Return a side with these files in a new worker."""
        runtime = self.kata.runtime_of(task_of(self.items[0]))
        self.clock.begin()
        return self._side(self._group(runtime).acquire(1)[0], "reading", files)

    # ------------------------------------------------------------------------------------- one test

    def _run(self, item: pytest.Item) -> None:
        side = self.pending[item.nodeid]
        started = time.monotonic()
        self.clock.begin()
        failed = {result.task for result in self.results.values() if result.status == "failed"}
        others = blocking(self.kata, failed, task_of(item))
        result, printed = _result(item), ""
        if item.get_closest_marker("gpu") and self.request.verdict.device == "cpu":
            result = msgspec.structs.replace(result, status="ungraded", message="this machine has no GPU")
        elif others:
            reason = blocked_message(self.kata, others)
            result = msgspec.structs.replace(result, status="blocked", message=reason)
        elif late := self.clock.late():  # checked here too, because a test may only read files
            result = msgspec.structs.replace(result, status="failed", reason="time limit", message=late)
        else:
            item.stash[HANDLE_FOR] = Handle(
                self.kata,
                side,
                partial(self._reference, self.kata.runtime_of(task_of(item))),
                timed=lambda race, speed: race.own or self.speeds.update({item.nodeid: speed}),
                elsewhere=cache(partial(self._elsewhere, item)),
            )
            result = self._outcome(item)
            printed = self._limited(result.output or side.worker.take_output())
        self.results[item.nodeid] = msgspec.structs.replace(
            result,
            duration_s=round(time.monotonic() - started, 6),
            worker_cpu_s=round(side.worker.cpu_s(), 6),
            output=printed,
            speed=self.speeds.get(item.nodeid),
        )
        side.worker.kill("its test is over")
        for other in self.others:
            other.worker.kill("its test is over")
        self.others.clear()
        self._forget(item)

    def _forget(self, item: pytest.Item) -> None:
        """Release the values that the submission returned in a test. Those of all tests may not fit in memory."""
        self.found = None
        keys: tuple[pytest.StashKey[Any], ...] = (HANDLE, HANDLE_FOR, PRINTED)
        for key in keys:
            if key in item.stash:
                del item.stash[key]
        if watchdog.short_of_memory():  # an exception and its call form a cycle, which only a collection frees
            gc.collect()

    def _limited(self, output: str) -> str:
        """Return a test's output, cut to OUTPUT bytes, or a note if all outputs exceed PRINTED_IN_ALL bytes."""
        if not output:
            return ""
        text = clean(output, OUTPUT)
        if len(data := text.encode()) > OUTPUT:  # one invalid byte is replaced by three bytes
            text = data[:OUTPUT].decode(errors="ignore") + "… (cut)"
        outputs = [text, *(result.output for result in self.results.values())]
        if sum(len(each.encode()) for each in outputs) > PRINTED_IN_ALL:
            return f"(left out: the tests together printed more than {PRINTED_IN_ALL >> 10} kB)"
        return text

    def _outcome(self, item: pytest.Item) -> TestResult:
        """Run a test within the judge's own limits, and return its result."""
        seconds = watchdog.test_seconds(self.kata.limits)
        try:
            with watchdog.cpu_limit(seconds):
                return self._decided(item)
        except watchdog.OutOfTime:
            watchdog.stop()
            text = f"the judge gave up after {seconds:g} s of CPU time"
        except MemoryError:
            text = "the judge ran out of memory"
        handle = item.stash.get(HANDLE, None)
        if handle is None or not handle.call_log.looked:  # then the test has not used the submission
            return msgspec.structs.replace(_result(item), status="error", message=text)
        name = subject(self.kata, handle.call_log.last) or "the submission"
        text = f"{name}: {text} while it checked the returned value. Return only what the task asks for."
        return msgspec.structs.replace(_result(item), status="failed", message=clean(text, MESSAGE))

    def _decided(self, item: pytest.Item) -> TestResult:
        """Run a test, and return its result. An exception outside the trial is an error of the test itself."""
        result = _result(item)
        try:
            run_once(item)
        except (ForkServerDied, MachineBusy, MemoryError):
            raise
        except pytest.skip.Exception as fault:
            return msgspec.structs.replace(result, status="ungraded", message=clean(str(fault), MESSAGE))
        except Exception as fault:  # noqa: BLE001 (the trial catches the submission's exceptions)
            text = clean(f"the test itself broke: {failure_text(item, fault)}", MESSAGE)
            return msgspec.structs.replace(result, status="error", message=text)
        failure = self.found
        if failure is None:
            return result
        try:
            text = message(failure, item.stash[HANDLE])
        except Exception as fault:  # noqa: BLE001 (a failure without a message is still the submission's failure)
            text = f"{type(failure.fault).__name__}; the returned value cannot be shown ({type(fault).__name__})"
        return msgspec.structs.replace(
            result,
            status="failed",
            reason="time limit" if isinstance(failure.fault, TimeLimitError) else "",
            message=clean(text, MESSAGE),
            counterexample=clean(failure.counterexample.text, CODE),
            expected=clean(failure.counterexample.expected, CODE),
            actual=clean(failure.counterexample.actual, CODE),
            output=item.stash.get(PRINTED, ""),
        )

    # These methods implement graders.pytest_plugin.items.Mode.

    def handle(self, item: pytest.Item, kata: Kata) -> Handle:
        del kata
        return item.stash[HANDLE_FOR]

    def run(self, item: pytest.Function, trial: Trial) -> None:
        side = self.pending[item.nodeid]

        def keep_output() -> None:
            item.stash[PRINTED] = clean(side.worker.take_output(), OUTPUT)

        failure = trial.failure(reducing=self.request.reducing, before_reducing=keep_output)
        numbers = set(range(min(trial.count, CASES)))
        self.found = failure
        if failure is not None:
            if isinstance(failure.fault, WorkerError) or is_unwritten(failure.fault):
                self.undiagnosed.add(item.nodeid)
            numbers.add(failure.case)
        self.cases[item.nodeid] = Case(item.nodeid, trial.body, trial.name, tuple(sorted(numbers)))

    def _reference(self, runtime: str) -> WorkerSide:
        worker = self._group(runtime).acquire(1)[0]
        return self._side(worker, "reference", self.request.solution, clock=ReferenceClock(self.kata.limits))

    def _elsewhere(self, item: pytest.Item, runtime: str) -> WorkerSide:
        """Return the submission in a worker of this runtime. This is the test's own worker if it has this runtime."""
        if runtime == self.kata.runtime_of(task_of(item)):
            return self.pending[item.nodeid]
        side = self._side(self._group(runtime).acquire(1)[0], item.name, self.request.files)
        self.others.append(side)
        return side

    def _group(self, runtime: str) -> WorkerGroup:
        group = WorkerGroup(self.sandboxes[runtime].socket, self.kata.limits.output_kb, patient=self.request.crowded)
        self.groups.append(group)
        return group

    # ------------------------------------------------------------------------------------ diagnosis

    def _diagnose(self, items: Sequence[pytest.Item]) -> None:
        """Explain the first failed test by the known misconception that behaves exactly like this submission."""
        failed = [item.nodeid for item in items if self.results[item.nodeid].status == "failed"]
        relevant = tasks_for_diagnosis(self.kata, {self.results[nodeid].task for nodeid in failed})
        failed = [nodeid for nodeid in failed if self.results[nodeid].task in relevant]
        runtime = self.kata.runtime_of(self.results[failed[0]].task)
        observable = self._observable(relevant, runtime, failed)
        if not observable or observable[0].nodeid not in failed:
            return
        others: list[Worker] = []

        def load(files: dict[str, bytes]) -> WorkerSide:
            if not others:
                others.extend(self._group(runtime).acquire(1))
            side = self._side(others[0], "diagnosis", files, SEED)
            side.load()
            return side

        tasks = {self.results[nodeid].task for nodeid in failed}
        self.clock = Clock(self.kata.limits)  # the diagnosis does not use the submission's time
        self.clock.begin()
        try:
            (own,) = self._group(runtime).acquire(1)
            side = self._side(own, "diagnosis", self.request.files, SEED)
            with watchdog.cpu_limit(watchdog.DIAGNOSIS_S):
                sentence = diagnose(self.kata, tasks, observable, side, load, self.observations)
        except (Exception, watchdog.OutOfTime):  # noqa: BLE001 (a failed diagnosis must not cost the verdict)
            watchdog.stop()
            return
        for nodeid in failed:
            if sentence and nodeid not in self.undiagnosed:
                self.results[nodeid] = msgspec.structs.replace(self.results[nodeid], diagnosis=sentence)
                return

    def _observable(self, tasks: Collection[str], runtime: str, failed: Sequence[str]) -> list[Case]:
        """Return the observable cases of these tasks in one runtime.

        The cases of failed tests come first, because they quickly rule out most variants.
        """
        cases = [
            case
            for nodeid, case in self.cases.items()
            if nodeid not in self.undiagnosed
            and self.kata.runtime_of(self.results[nodeid].task) == runtime
            and self.results[nodeid].task in tasks
        ]
        return sorted(cases, key=lambda case: case.nodeid not in failed)


HANDLE_FOR = pytest.StashKey[Handle]()
PRINTED = pytest.StashKey[str]()


def _worker_seed(seed: bytes, purpose: str) -> int:
    """Return the seed of a worker's global random generators, which does not reveal the grading run's seed."""
    return int.from_bytes(
        hashlib.blake2b(purpose.encode(), key=seed, person=b"worker", digest_size=8).digest(), "little"
    )


def _result(item: pytest.Item) -> TestResult:
    visibility = "hidden" if is_hidden(item) else "visible"
    return TestResult(
        name=item.name,
        title=title_of(item),
        task=task_of(item),
        visibility=visibility,  # type: ignore[arg-type]
        status="passed",
    )
