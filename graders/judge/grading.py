"""Grades one submission. The result is one verdict."""

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
from graders.catalogue import Kata, Task
from graders.checks.mismatch import TooSlow
from graders.errors import ForkServerDied, MachineBusy, TimeLimitError, WorkerError
from graders.judge.messages import GradeRequest, LoadRequest
from graders.judge.refusals import (
    MESSAGE,
    Refusal,
    failed_results,
    refusals_of,
    sources_of,
    whole_reason,
    with_remedies,
)
from graders.judge.submission_side import Clock, ReferenceClock, WorkerSide
from graders.judge.worker_handle import Worker, WorkerGroup
from graders.pytest_plugin.cases import Failure, Trial, is_unwritten
from graders.pytest_plugin.diagnosis import CASES, SEED, Case, diagnose
from graders.pytest_plugin.explanation import message, subject
from graders.pytest_plugin.handle import Handle
from graders.pytest_plugin.items import HANDLE, is_hidden, task_of, test_name, title_of
from graders.pytest_plugin.observation_cache import ObservationCache
from graders.pytest_plugin.pytest_internals import failure_text, run_once
from graders.report.text import clean
from graders.sandbox import gpu
from graders.scoring import blocked_message, blocking, in_order, scored, tasks_for_diagnosis, ungradable
from graders.verdict import STRENGTH, Confinement, Reason, Speed, TestResult, TestStatus, Verdict

WORKERS_AT_ONCE = 24  # the number of workers that are requested at a time
AHEAD = 3  # while a test runs, the workers of this many later tests import the submission
OUTPUT = 64 << 10  # the limit in bytes for the output of a test
PRINTED_IN_ALL = 256 << 10  # the limit in bytes for the output of all tests together
SAMPLE = 2  # the number of tests that passed together and are repeated
CODE = 6000  # a counterexample is cut to this many characters


@dataclass(frozen=True)
class Sandbox:
    """The socket of a workers' fork server, and the confinement of its workers."""

    socket: socket.socket
    confinement: Confinement
    reason: str = ""
    runtime: str = ""


def weakest(sandboxes: Mapping[str, Sandbox]) -> Sandbox:
    """Return the sandbox with the weakest confinement, which the verdict states."""
    return min(sandboxes.values(), key=lambda each: STRENGTH.index(each.confinement))


@dataclass
class Grading:
    """One grading run. `items` are the tests that pytest collected.

    In an exercise, the ordinary tests first run together in one worker, in an order that depends on the seed. What
    fails there, and what needs to be alone, runs in a worker of its own, and only that counts. A sample of what passed
    is repeated in a fresh worker. If the submission behaves differently there, every test gets a worker of its own.
    """

    kata: Kata
    items: Sequence[pytest.Item]
    request: GradeRequest
    sandboxes: Mapping[str, Sandbox]  # the key is the name of the runtime
    report: Callable[[Verdict], None] = lambda _: None
    observations: ObservationCache = field(default_factory=ObservationCache)
    references: dict[str, WorkerSide] = field(default_factory=dict)  # workers with the solution, by runtime
    results: dict[str, TestResult] = field(default_factory=dict)
    together: dict[str, TestResult] = field(default_factory=dict)  # the results of tests in a shared worker
    sides: dict[str, WorkerSide] = field(default_factory=dict)  # the workers of the tests that run alone
    side: WorkerSide | None = None  # the worker of the current test
    groups: list[WorkerGroup] = field(default_factory=list)
    found: Failure | None = None  # what went wrong in the current test
    undiagnosed: set[str] = field(default_factory=set)  # tests whose worker did not answer, or which reached a stub
    cases: dict[str, Case] = field(default_factory=dict)
    speeds: dict[str, Speed] = field(default_factory=dict)
    device: str = "cpu"  # the device that tests used besides the processor, if any
    others: list[WorkerSide] = field(default_factory=list)  # the current test's workers in other runtimes
    reducing: bool = True
    remark: str = ""
    usual: bool = True  # whether nothing happened after which this process should not grade another submission

    def verdict(self) -> Verdict:
        """Grade the submission, and return the verdict.

        Raises ForkServerDied, MachineBusy, or JudgeError if no worker starts.
        """
        started = time.monotonic()
        self.clock = Clock(self.kata.limits)
        base = msgspec.structs.replace(self.request.verdict, confinement=weakest(self.sandboxes).confinement)
        items = self._gradable(self._ordered(), self._lacking)
        try:
            verdict = self._verdict(base, items)
        finally:
            for each in self.groups:
                each.close()
        return msgspec.structs.replace(verdict, device=self.device, duration_s=round(time.monotonic() - started, 6))

    def _verdict(self, base: Verdict, items: list[pytest.Item]) -> Verdict:
        lacking = self._lacking
        ordinary, shared = self._prepared(items)
        if broken := self._broken(items, shared):
            lacking = broken | lacking
            items = self._gradable(items, with_remedies(broken) | self._lacking)
            ordinary, shared = self._prepared(items)
        message, reason, waits_for = whole_reason(lacking.values())
        base = msgspec.structs.replace(base, message=message)
        if self.kata.is_lost(lacking):
            return ungradable(base, self._scope, message, reason, waits_for)
        for runtime, side in shared.items():
            self._run_together([item for item in ordinary if self._runtime(item) == runtime], side)
        samples = self._fresh_sides(ordinary) if self.request.thorough or not self._failed_together else {}
        decided = self._decide(base, items)
        if (self.request.thorough or not self._failed) and not self._is_confirmed(ordinary, samples):
            self.together.clear()
            for item in items:
                self.results.pop(item.nodeid, None)
            decided = self._decide(base, items)
        shared_worker = bool(self.together)
        base = msgspec.structs.replace(base, shared_worker=shared_worker, remark=self.remark)
        verdict = scored(base, self._scope, list(self.results.values()))
        failed = any(self.results[item.nodeid].status == "failed" for item in decided)
        if failed and verdict.status != "error" and self.request.diagnosing:
            self._diagnose(decided)
            verdict = scored(base, self._scope, list(self.results.values()))
        return verdict

    def _prepared(self, items: Sequence[pytest.Item]) -> tuple[list[pytest.Item], dict[str, WorkerSide]]:
        """Return the tests that may share a worker, and their workers. Get workers for the first of the other tests."""
        ordinary = [item for item in items if self._is_ordinary(item)]
        shared = self._shared(ordinary)
        self.sides.clear()
        self._acquire([item for item in items if item not in ordinary][:WORKERS_AT_ONCE])
        return ordinary, shared

    @property
    def _lacking(self) -> dict[str, Refusal]:
        """The declared files that the submission lacks, each with the reason."""
        return {name: Refusal(message) for name, message in self.request.lacking.items()}

    @property
    def _failed(self) -> set[str]:
        """The tasks with a failed test."""
        return {result.task for result in self.results.values() if result.status == "failed"}

    def _report_progress(self, base: Verdict, items: Sequence[pytest.Item], count: int) -> None:
        undecided = {task_of(item) for item in items[count:]}
        scope = tuple(task for task in self._scope.tasks if task.name not in undecided)
        results = self.results.values()
        tests = [msgspec.structs.replace(each, output="") if each.status == "passed" else each for each in results]
        self.report(scored(base, msgspec.structs.replace(self.kata, tasks=scope), tests))

    def _broken(self, items: Sequence[pytest.Item], shared: Mapping[str, WorkerSide]) -> dict[str, Refusal]:
        """Return the files that cannot be imported, and why. From now on, no worker gets them."""
        if not items or not sources_of(self.kata, self.request.files):
            return {}
        first = next(iter(shared.values()), None) or self.sides[items[0].nodeid]
        broken = refusals_of(self.kata, first, self._fresh)
        files = {name: data for name, data in self.request.files.items() if name not in broken}
        self.request = msgspec.structs.replace(self.request, files=files)
        return broken

    def _gradable(self, items: Sequence[pytest.Item], lacking: Mapping[str, Refusal]) -> list[pytest.Item]:
        """Return the tests of the tasks that need none of these files. Each of the other tasks gets a failed result."""
        self.results |= failed_results(self._scope, lacking)
        return [item for item in items if task_of(item) not in self.results]

    @property
    def _scope(self) -> Kata:
        """The kata, reduced to the requested tasks or, if only visible tests run, to the tasks of those tests."""
        wanted = set(self.request.tasks)
        if self.request.visible:
            wanted = {task_of(item) for item in self.items}
        every = not (self.request.tasks or self.request.visible)
        chosen = tuple(task for task in self.kata.tasks if every or task.name in wanted)
        return msgspec.structs.replace(self.kata, tasks=chosen)

    def _ordered(self) -> list[pytest.Item]:
        places = {name: place for place, name in enumerate(in_order(self.kata))}
        return sorted(self.items, key=lambda item: places[task_of(item)])

    def _runtime(self, item: pytest.Item) -> str:
        return self.kata.runtime_of(task_of(item))

    def _task(self, item: pytest.Item) -> Task:
        return next(task for task in self.kata.tasks if task.name == task_of(item))

    # ------------------------------------------------------------------------------------- workers

    def _acquire(self, items: Sequence[pytest.Item]) -> None:
        """Get a worker for each of these tests."""
        for runtime in self.kata.runtimes:
            mine = [item for item in items if self._runtime(item) == runtime]
            if mine:
                for item, worker in zip(mine, self._group(runtime).acquire(len(mine)), strict=True):
                    self.sides[item.nodeid] = self._side(worker, item.name, self.request.files)

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

    def _new_side(self, runtime: str, purpose: str) -> WorkerSide:
        """Return the submission in a new worker."""
        return self._side(self._group(runtime).acquire(1)[0], purpose, self.request.files)

    def _fresh(self, files: dict[str, bytes]) -> WorkerSide:
        """Return a side with these files in a new worker."""
        self.clock.begin()
        return self._side(self._group(self._runtime(self.items[0])).acquire(1)[0], "reading", files)

    def _reference(self, runtime: str) -> WorkerSide:
        """Return the solution in a worker. Later grading runs use it too, unless it has a scratch folder."""
        if runtime != "numpy":
            worker = self._group(runtime).acquire(1)[0]
            return self._side(worker, "reference", self.request.solution, clock=ReferenceClock(self.kata.limits))
        side = self.references.get(runtime)
        if side is None or not side.worker.alive or side.submission.files != self.request.solution:
            sandbox, crowded = self.sandboxes[runtime], self.request.crowded
            group = WorkerGroup(sandbox.socket, self.kata.limits.output_kb, patient=crowded)
            (worker,) = group.acquire(1, kept=True)
            side = self._side(worker, "reference", self.request.solution, clock=ReferenceClock(self.kata.limits))
            self.references[runtime] = side
        return side

    def _elsewhere(self, item: pytest.Item, runtime: str) -> WorkerSide:
        """Return the submission in a worker of this runtime. This is the test's own worker if it has this runtime."""
        if runtime == self._runtime(item):
            assert self.side is not None
            return self.side
        side = self._new_side(runtime, item.name)
        self.others.append(side)
        return side

    def _group(self, runtime: str) -> WorkerGroup:
        group = WorkerGroup(self.sandboxes[runtime].socket, self.kata.limits.output_kb, patient=self.request.crowded)
        self.groups.append(group)
        return group

    # ------------------------------------------------------------------------------------- a shared worker

    def _is_ordinary(self, item: pytest.Item) -> bool:
        """Return whether a test may run in a worker in which other tests have run."""
        exercise = self.kata.kind == "exercise" and not self.request.separate
        return exercise and not self._task(item).alone and item.get_closest_marker("gpu") is None

    def _shared(self, items: Sequence[pytest.Item], purpose: str = "shared") -> dict[str, WorkerSide]:
        """Return a worker for each runtime of these tests."""
        return {runtime: self._new_side(runtime, purpose) for runtime in dict.fromkeys(map(self._runtime, items))}

    def _run_together(self, items: Sequence[pytest.Item], side: WorkerSide) -> None:
        """Run tests in one worker, until it ends."""
        self.reducing = False  # what fails is repeated alone, and reduced there
        order = sorted(items, key=lambda item: _drawn(self.request.seed, "order", item))
        for item in order:
            result = self._result(item, side)
            if side.worker.dead:
                break
            self.together[item.nodeid] = result
            if result.status == "failed" and not self.request.thorough:
                break
        self.reducing = True
        side.worker.kill("its tests are over")

    @property
    def _failed_together(self) -> bool:
        return any(result.status == "failed" for result in self.together.values())

    def _fresh_sides(self, items: Sequence[pytest.Item]) -> dict[str, WorkerSide]:
        """Return a fresh worker for the sample in each runtime. They import the submission while other tests run."""
        sides = self._shared([item for item in items if self._passed_together(item)], "sample")
        for side in sides.values():
            side.post()
        return sides

    def _is_confirmed(self, items: Sequence[pytest.Item], sides: Mapping[str, WorkerSide]) -> bool:
        """Return whether a sample of the tests that passed together passes in fresh workers, such as these, too."""
        passed = [
            item for item in items if self._passed_together(item) and self.results[item.nodeid].status == "passed"
        ]
        drawn = sorted(passed, key=lambda item: _drawn(self.request.seed, "sample", item))
        sample = [item for item in drawn if is_hidden(item)][:1]
        sample += [item for item in drawn if item not in sample][: SAMPLE - len(sample)]
        for runtime in dict.fromkeys(map(self._runtime, sample)):
            side = sides.get(runtime) or self._new_side(runtime, "sample")
            for item in sample:
                if self._runtime(item) == runtime and self._result(item, side).status != "passed":
                    self.remark = f"{item.name} passed in a worker with other tests, but not in a fresh one"
                    return False
            side.worker.kill("its tests are over")
        return True

    def _passed_together(self, item: pytest.Item) -> bool:
        return item.nodeid in self.together and self.together[item.nodeid].status == "passed"

    # ------------------------------------------------------------------------------------- one test

    def _decide(self, base: Verdict, items: list[pytest.Item]) -> list[pytest.Item]:
        """Decide each test, and return those that were decided. That may be fewer if the request isn't thorough."""
        if not self.request.thorough:  # what failed together comes first
            items = sorted(items, key=lambda item: item.nodeid not in self.together or self._passed_together(item))
        alone = [item for item in items if item.nodeid not in self.together]
        for number, item in enumerate(items):
            if item in alone:
                ahead = alone[alone.index(item) :]
                if item.nodeid not in self.sides:
                    self._acquire([each for each in ahead[:WORKERS_AT_ONCE] if each.nodeid not in self.sides])
                for later in ahead[1 : 1 + AHEAD]:
                    if later.nodeid in self.sides:
                        self.sides[later.nodeid].post()
            self.results[item.nodeid] = self._decided(item)
            if self.request.progress and number + 1 < len(items):
                self._report_progress(base, items, number + 1)
            if not self.request.thorough and self.results[item.nodeid].status == "failed":
                return items[: number + 1]
        return items

    def _decided(self, item: pytest.Item) -> TestResult:
        """Return a test's result. A failure in a shared worker is repeated alone, unless its task has failed anyway."""
        result = _result(item)
        failed = self._failed
        needs_gpu = item.get_closest_marker("gpu") is not None
        if needs_gpu and (reason := gpu.missing(self.sandboxes[self._runtime(item)].runtime)):
            return msgspec.structs.replace(result, status="ungraded", message=reason)
        if others := blocking(self.kata, failed, task_of(item)):
            return msgspec.structs.replace(result, status="blocked", message=blocked_message(self.kata, others))
        if late := self.clock.late():  # checked here too, because a test may only read files
            return msgspec.structs.replace(result, status="failed", reason="time limit", message=late)
        if self._passed_together(item):
            return self.together[item.nodeid]
        task = self._task(item)
        if item.nodeid in self.together and task.name in failed and not task.partial:
            return self.together[item.nodeid]
        self.device = "cuda" if needs_gpu else self.device
        side = self.sides.pop(item.nodeid, None) or self._new_side(self._runtime(item), item.name)
        result = self._result(item, side)
        side.worker.kill("its test is over")
        return result

    def _result(self, item: pytest.Item, side: WorkerSide) -> TestResult:
        """Run a test in this worker, and return its result."""
        self.side = side
        self.undiagnosed.discard(item.nodeid)
        started, cpu_s = time.monotonic(), side.worker.cpu_s()
        self.clock.begin()
        item.stash[HANDLE_FOR] = Handle(
            self.kata,
            side,
            partial(self._reference, self._runtime(item)),
            timed=lambda race, speed: race.own or self.speeds.update({item.nodeid: speed}),
            elsewhere=cache(partial(self._elsewhere, item)),
        )
        result = self._outcome(item)
        printed = self._limited(result.output or side.worker.take_output())
        result = msgspec.structs.replace(
            result,
            duration_s=round(time.monotonic() - started, 6),
            worker_cpu_s=round(max(side.worker.cpu_s() - cpu_s, 0.0), 6),
            output=printed,
            speed=self.speeds.get(item.nodeid),
        )
        side.worker.forget_output()
        for other in self.others:
            other.worker.kill("its test is over")
        self.others.clear()
        self._forget(item)
        return result

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
        outputs = [text, *(result.output for result in (self.together | self.results).values())]
        if sum(len(each.encode()) for each in outputs) > PRINTED_IN_ALL:
            return f"(left out: the tests together printed more than {PRINTED_IN_ALL >> 10} kB)"
        return text

    def _outcome(self, item: pytest.Item) -> TestResult:
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
            return msgspec.structs.replace(_result(item), status="error", message=text)
        name = subject(self.kata, handle.call_log.last) or "the submission"
        text = f"{name}: {text} while it checked the returned value. Return only what the task asks for."
        return msgspec.structs.replace(_result(item), status="failed", message=clean(text, MESSAGE))

    def _finished(self, item: pytest.Item) -> TestResult:
        """Run a test, and return its result. An exception outside the trial is an error of the test itself."""
        result = _result(item)
        try:
            run_once(item)
        except (ForkServerDied, MachineBusy, MemoryError):
            raise
        except pytest.skip.Exception as fault:  # a core test must not skip: a submission may have been the reason
            extra = any(task.extra for task in self.kata.tasks if task.name == result.task)
            status: TestStatus = "ungraded" if extra else "failed"
            return msgspec.structs.replace(result, status=status, message=clean(str(fault), MESSAGE))
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
            reason=_reason(failure.fault),
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
        side = self.side
        assert side is not None

        def keep_output() -> None:
            item.stash[PRINTED] = clean(side.worker.take_output(), OUTPUT)

        task = task_of(item)  # a task's later failures are explained by the first one, so they are not reduced
        first = all(result.status != "failed" for result in self.results.values() if result.task == task)
        failure = trial.failure(reducing=self.request.reducing and self.reducing and first, before_reducing=keep_output)
        numbers = set(range(min(trial.count, CASES)))
        self.found = failure
        if failure is not None:
            if isinstance(failure.fault, WorkerError) or is_unwritten(failure.fault):
                self.undiagnosed.add(item.nodeid)
            self.usual = self.usual and not isinstance(failure.fault, WorkerError)
            numbers.add(failure.case)
        self.cases[item.nodeid] = Case(item.nodeid, trial.body, trial.name, tuple(sorted(numbers)))

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
            and self.results[nodeid].status != "blocked"
            and self.kata.runtime_of(self.results[nodeid].task) == runtime
            and self.results[nodeid].task in tasks
        ]
        return sorted(cases, key=lambda case: case.nodeid not in failed)


HANDLE_FOR = pytest.StashKey[Handle]()
PRINTED = pytest.StashKey[str]()


def _drawn(seed: bytes, purpose: str, item: pytest.Item) -> bytes:
    """Return a pseudorandom value for a test, by which tests are sorted. Workers cannot know it."""
    return hashlib.blake2b(f"{purpose} {test_name(item)}".encode(), key=seed, person=b"tests", digest_size=8).digest()


def _worker_seed(seed: bytes, purpose: str) -> int:
    """Return the seed of a worker's global random generators, which does not reveal the grading run's seed."""
    return int.from_bytes(
        hashlib.blake2b(purpose.encode(), key=seed, person=b"worker", digest_size=8).digest(), "little"
    )


def _reason(fault: Exception) -> Reason:
    if isinstance(fault, TooSlow):
        return "too slow"
    return "time limit" if isinstance(fault, TimeLimitError) else ""


def _result(item: pytest.Item) -> TestResult:
    visibility = "hidden" if is_hidden(item) else "visible"
    return TestResult(
        name=item.name,
        title=title_of(item),
        task=task_of(item),
        visibility=visibility,  # type: ignore[arg-type]
        status="passed",
    )
