"""Grades one submission: decides which tests run in which worker, and makes one verdict of their results.

`respond` turns a request into a response, even if the harness fails.
"""

from __future__ import annotations

import hashlib
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
import pytest

from graders.catalogue import Kata, Task
from graders.errors import ForkServerDied, KataError, MachineBusy
from graders.judge.diagnosing import diagnosis
from graders.judge.messages import GradeRequest, GradeResponse, Step
from graders.judge.refusals import Refusal, failed_results, refusals_of, whole_reason, with_remedies
from graders.judge.running import JudgeRunner, result_of
from graders.judge.sides import Sides, SubmissionClock, WorkerSide, WorkerSource, sources_of, weakest
from graders.pytest_plugin.items import is_hidden, task_of, test_name, title_of, without_stand_ins
from graders.pytest_plugin.observation_cache import ObservationCache
from graders.pytest_plugin.pytest_internals import OUTCOMES
from graders.report.wording import can_be_pasted
from graders.sandbox import gpu
from graders.scoring import blocked_message, blocking, scored, stopped_test, ungradable
from graders.verdict import STRENGTH, TestResult, Verdict

SAMPLE = 2  # the number of tests that passed together and are repeated


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
    sandboxes: Mapping[str, WorkerSource]  # the key is the name of the runtime
    report: Callable[[Verdict | Step], None]
    observations: ObservationCache
    references: dict[str, WorkerSide]  # workers with the solution, by runtime
    beside: int = 0  # the number of tests that are run elsewhere at the same time
    results: dict[str, TestResult] = field(default_factory=dict)
    together: dict[str, TestResult] = field(default_factory=dict)  # the results of tests in a shared worker
    device: str = "cpu"  # the device that tests used besides the processor, if any
    remark: str = ""

    def __post_init__(self) -> None:
        clock, files = SubmissionClock(self.kata.limits), self.request.files
        self.sides = Sides(self.kata, self.request, self.sandboxes, self.references, clock, files)
        self.runner = JudgeRunner(self.kata, self.sides)
        wanted = set(self.request.options.tasks)
        if self.request.options.visible:
            wanted = {task_of(item) for item in self.items}
        every = not (self.request.options.tasks or self.request.options.visible)
        chosen = tuple(task for task in self.kata.tasks if every or task.name in wanted)
        self.scope = msgspec.structs.replace(self.kata, tasks=chosen)  # the kata with the tasks that are graded

    def verdict(self) -> Verdict:
        """Grade the submission, and return the verdict.

        Raises ForkServerDied, MachineBusy, or JudgeError if no worker starts.
        """
        started = time.monotonic()
        base = msgspec.structs.replace(
            self.request.verdict,
            confinement=weakest(self.sandboxes).confinement,
            python=platform.python_version(),
        )
        order = {name: number for number, name in enumerate(self.kata.in_order())}
        items = self._gradable(sorted(self.items, key=lambda item: order[task_of(item)]), self._lacking)
        try:
            verdict = self._verdict(base, items)
        finally:
            self.sides.close()
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
            return ungradable(base, self.scope, message, reason, waits_for)
        for runtime, side in shared.items():
            self._run_together([item for item in ordinary if self.sides.runtime(item) == runtime], side)
        samples = self._fresh_sides(ordinary) if self.request.options.thorough or not self._failed_together else {}
        decided = self._decide(base, items)
        if (self.request.options.thorough or not self._failed) and not self._is_confirmed(ordinary, samples):
            self.together.clear()
            for item in items:
                self.results.pop(item.nodeid, None)
            decided = self._decide(base, items)
        base = msgspec.structs.replace(base, shared_worker=bool(self.together), remark=self.remark)
        verdict = self._scored(base)
        order = [item.nodeid for item in decided]
        failed = any(self.results[nodeid].status == "failed" for nodeid in order)
        if failed and verdict.status != "error" and self.request.options.diagnosing:
            self._begin("comparing your answer with known mistakes")
            self.results |= diagnosis(self.runner, self.results, order, self.observations)
            verdict = self._scored(base)
        return verdict

    def _scored(self, base: Verdict) -> Verdict:
        return scored(base, self.scope, list(self.results.values()))

    # --------------------------------------------------------------------------------- missing and broken files

    @property
    def _lacking(self) -> dict[str, Refusal]:
        """The declared files that the submission lacks, each with the reason."""
        return {name: Refusal(message) for name, message in self.request.lacking.items()}

    def _broken(self, items: Sequence[pytest.Item], shared: Mapping[str, WorkerSide]) -> dict[str, Refusal]:
        """Return the files that cannot be imported, and why. From now on, no worker gets them."""
        if not items or not sources_of(self.kata, self.request.files):
            return {}

        def fresh(files: dict[str, bytes]) -> WorkerSide:
            self.sides.clock.begin()
            return self.sides.new(self.sides.runtime(self.items[0]), "reading", files)

        first = next(iter(shared.values()), None) or self.sides.waiting[items[0].nodeid]
        broken = refusals_of(self.kata, first, fresh)
        self.sides.files = {name: data for name, data in self.request.files.items() if name not in broken}
        if broken:
            self.sides.compiled = {}
        return broken

    def _gradable(self, items: Sequence[pytest.Item], lacking: Mapping[str, Refusal]) -> list[pytest.Item]:
        """Return the tests of the tasks that need none of these files. Each of the other tasks gets a failed result."""
        self.results |= failed_results(self.scope, lacking)
        return [item for item in items if task_of(item) not in self.results]

    # -------------------------------------------------------------------------------------- a shared worker

    def _prepared(self, items: Sequence[pytest.Item]) -> tuple[list[pytest.Item], dict[str, WorkerSide]]:
        """Return the tests that may share a worker, and their workers. Get workers for the first of the other tests."""
        ordinary = [item for item in items if self._is_ordinary(item)]
        shared = self.sides.shared(ordinary, "shared")
        self.sides.waiting.clear()
        self.sides.acquire([item for item in items if item not in ordinary])
        return ordinary, shared

    def _is_ordinary(self, item: pytest.Item) -> bool:
        """Return whether a test may run in a worker in which other tests have run."""
        exercise = self.kata.kind == "exercise" and not self.request.options.separate
        return exercise and not self._task(item).alone and not _needs_gpu(item)

    def _run_together(self, items: Sequence[pytest.Item], side: WorkerSide) -> None:
        """Run tests in one worker, until it ends. What fails is repeated alone, and reduced there.

        A learner who waits gets the first of the tests that a time limit stops, and it isn't repeated.
        """
        if not self.request.options.impatient:
            items = sorted(items, key=lambda item: self._drawn("order", item))
        for item in items:
            result = self._run(item, side, reducing=False)
            if side.worker.dead:
                if self.request.options.impatient and result.reason == "time limit":
                    self.together[item.nodeid] = result
                break
            self.together[item.nodeid] = result
            if result.status == "failed" and not self.request.options.thorough:
                break
        side.worker.kill("its tests are over")

    @property
    def _failed_together(self) -> bool:
        return any(result.status == "failed" for result in self.together.values())

    def _passed_together(self, item: pytest.Item) -> bool:
        return item.nodeid in self.together and self.together[item.nodeid].status == "passed"

    def _fresh_sides(self, items: Sequence[pytest.Item]) -> dict[str, WorkerSide]:
        """Return a fresh worker for the sample in each runtime. They import the submission while other tests run."""
        sides = self.sides.shared([item for item in items if self._passed_together(item)], "sample")
        for side in sides.values():
            side.post()
        return sides

    def _is_confirmed(self, items: Sequence[pytest.Item], sides: Mapping[str, WorkerSide]) -> bool:
        """Return whether a sample of the tests that passed together passes in fresh workers, such as these, too."""
        passed = [
            item for item in items if self._passed_together(item) and self.results[item.nodeid].status == "passed"
        ]
        drawn = sorted(passed, key=lambda item: self._drawn("sample", item))
        sample = [item for item in drawn if is_hidden(item)][:1]
        sample += [item for item in drawn if item not in sample][: SAMPLE - len(sample)]
        for runtime in dict.fromkeys(map(self.sides.runtime, sample)):
            side = sides.get(runtime) or self.sides.new(runtime, "sample")
            for item in sample:
                if self.sides.runtime(item) == runtime and self._repeated(item, side).status != "passed":
                    self.remark = f"{item.name} passed in a worker with other tests, but not in a fresh one"
                    return False
            side.worker.kill("its tests are over")
        return True

    def _repeated(self, item: pytest.Item, side: WorkerSide) -> TestResult:
        """Run a test. If it fails, reduce the case."""
        return self._run(item, side, reducing=self.request.options.reducing)

    def _run(self, item: pytest.Item, side: WorkerSide, *, reducing: bool) -> TestResult:
        title = "" if is_hidden(item) else title_of(item)
        self._begin(title or self._task(item).title, item)
        return self.runner.result(item, side, reducing=reducing, first=task_of(item) not in self._failed)

    def _begin(self, doing: str, item: pytest.Item | None = None) -> None:
        """Report what begins. A test that is repeated counts as the last one; what is not a test follows them all."""
        if self.request.options.progress:
            of = len(self.items) + self.beside
            begun = {each.nodeid for each in self.items if each.nodeid in self.together or each.nodeid in self.results}
            begun |= set() if item is None else {item.nodeid}
            self.report(Step(doing, of + 1 if item is None else len(begun), of))

    # ----------------------------------------------------------------------------------------- every test

    @property
    def _failed(self) -> set[str]:
        """The tasks with a failed test."""
        return {each.task for each in self.results.values() if each.status == "failed"} | {*self.request.options.failed}

    def _decide(self, base: Verdict, items: list[pytest.Item]) -> list[pytest.Item]:
        """Decide each test, and return those that were decided. That may be fewer if the request isn't thorough."""
        if not self.request.options.thorough:  # what failed together comes first
            items = sorted(items, key=lambda item: item.nodeid not in self.together or self._passed_together(item))
        alone = [item for item in items if item.nodeid not in self.together]
        for number, item in enumerate(items):
            if item in alone:
                self.sides.prepare(alone[alone.index(item) :])
            self.results[item.nodeid] = self._decided(item)
            if self.request.options.progress and number + 1 < len(items):
                self._report_progress(base, items[number + 1 :])
            if not self.request.options.thorough and self.results[item.nodeid].status == "failed":
                return items[: number + 1]
        return items

    def _decided(self, item: pytest.Item) -> TestResult:
        """Return a test's result. A failure in a shared worker is repeated alone, unless its task has failed anyway."""
        return self._not_run(item) or self._shared_result(item) or self._alone(item)

    def _not_run(self, item: pytest.Item) -> TestResult | None:
        """Return the result of a test that cannot run, or need not, or None."""
        task, reason = self._task(item), ""
        if message := self._lacks_gpu(item):
            status = "ungraded"
        elif others := blocking(self.kata, self._failed, task.name):
            status, message = "blocked", blocked_message(self.kata, others)
        elif message := self.sides.clock.late():  # checked here too, because a test may only read files
            status, reason = "failed", "time limit"
        elif self._to_do(task):
            status, reason, message = "blocked", "unchanged", "still to do"
        else:
            return None
        return msgspec.structs.replace(result_of(item), status=status, reason=reason, message=message)

    def _lacks_gpu(self, item: pytest.Item) -> str:
        return gpu.missing(self.sandboxes[self.sides.runtime(item)].runtime) if _needs_gpu(item) else ""

    def _shared_result(self, item: pytest.Item) -> TestResult | None:
        """Return a test's result in a shared worker if no other is needed, or None.

        If a failure changes no points, it is enough, unless a smaller input could be a program that runs.
        """
        result, task = self.together.get(item.nodeid), self._task(item)
        if result is None or result.status == "passed" or result.reason == "time limit":
            return result
        if task.partial or task.name not in self._failed:
            return None
        text = result.counterexample
        whole = not self.request.options.reducing or result.reason or not text or can_be_pasted(text)
        return result if whole else None

    def _alone(self, item: pytest.Item) -> TestResult:
        """Return a test's result in a worker of its own."""
        if self.request.options.impatient and (stopped := self._stopped):
            why = f'not run, because your code was stopped in "{stopped}"'
            return msgspec.structs.replace(result_of(item), status="blocked", message=why)
        if _needs_gpu(item):
            self.device = "cuda"
        side = self.sides.take(item)
        result = self._repeated(item, side)
        side.worker.kill("its test is over")
        return result

    def _to_do(self, task: Task) -> bool:
        """Return whether the learner has not started a task: its files are unchanged, or a test of it has said so."""
        unchanged = task.files and not task.review and set(task.files) <= set(self.request.unchanged)
        return bool(unchanged) or any(
            each.task == task.name and each.reason == "unchanged" for each in self.results.values()
        )

    @property
    def _stopped(self) -> str:
        """A test that a time limit has stopped, here or elsewhere, in words, or ""."""
        known = [*self.results.values(), *self.together.values()]
        return stopped_test(known) or self.request.options.stopped

    def _report_progress(self, base: Verdict, later: Sequence[pytest.Item]) -> None:
        undecided = set(map(task_of, later))
        scope = msgspec.structs.replace(
            self.kata, tasks=tuple(task for task in self.scope.tasks if task.name not in undecided)
        )
        results = self.results.values()
        tests = [msgspec.structs.replace(each, output="") if each.status == "passed" else each for each in results]
        self.report(scored(base, scope, tests))

    def _task(self, item: pytest.Item) -> Task:
        return next(task for task in self.kata.tasks if task.name == task_of(item))

    def _drawn(self, purpose: str, item: pytest.Item) -> bytes:
        """Return a pseudorandom value for a test, by which tests are sorted. Workers cannot know it."""
        text = f"{purpose} {test_name(item)}".encode()
        return hashlib.blake2b(text, key=self.request.seed, person=b"tests", digest_size=8).digest()


def _needs_gpu(item: pytest.Item) -> bool:
    return item.get_closest_marker("gpu") is not None


# ------------------------------------------------------------------------------------------ responding


def respond(
    kata: Kata,
    items: Sequence[pytest.Item],
    request: GradeRequest,
    sandboxes: Mapping[str, WorkerSource],
    install: Callable[[JudgeRunner, bytes], None],
    report: Callable[[Verdict | Step], None],
    observations: ObservationCache,
    references: dict[str, WorkerSide],
) -> GradeResponse:
    """Grade a submission. If the harness fails, the response contains the error.

    `install` makes the runner of a grading run the mode of the pytest plugin. `report` is called with steps and partial
    verdicts if the request asks for them. `references` are the workers with the solution that earlier runs left.
    """
    sandbox = weakest(sandboxes)
    if STRENGTH.index(sandbox.confinement) < STRENGTH.index(request.require or "none"):
        reason = f"confinement is {sandbox.confinement}, but {request.require} is required: {sandbox.reason}"
        refused = msgspec.structs.replace(
            request.verdict, status="error", message=reason, confinement=sandbox.confinement
        )
        return GradeResponse(verdict=refused)
    if request.options.visible:
        items = [item for item in items if not is_hidden(item)]
        if not items:
            return GradeResponse(error=f"{kata.folder}: there are no visible tests")
    options, every = request.options, without_stand_ins(items)
    items = [item for item in every if not options.tasks or task_of(item) in options.tasks]
    beside = sum(task_of(item) in options.beside for item in every)
    grading = Grading(kata, items, request, sandboxes, report, observations, references, beside)
    install(grading.runner, request.seed)
    try:
        return GradeResponse(verdict=grading.verdict())
    except (ForkServerDied, MachineBusy) as fault:
        return GradeResponse(lost=str(fault), busy=isinstance(fault, MachineBusy))
    except (KataError, *OUTCOMES) as fault:
        return GradeResponse(error=str(fault))
    except Exception as fault:  # noqa: BLE001 (the client must get a response even if the harness fails)
        return GradeResponse(error=f"the judge failed: {type(fault).__name__}: {fault}")
