"""One grading, in a freshly forked judge: a worker for every test, and one verdict at the end."""

from __future__ import annotations

import hashlib
import socket
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

import msgspec
import pytest
from _pytest.outcomes import OutcomeException, Skipped

from graders.catalogue import Kata
from graders.errors import KataError, SubmissionError, WorkerError
from graders.judge import watchdog
from graders.judge.cases import Failure, Trial
from graders.judge.diagnosis import CASES, SEED, Case, diagnose
from graders.judge.explanation import message, subject, told_of
from graders.judge.handle import Handle, Probe
from graders.judge.items import HANDLE, task_of, title_of
from graders.judge.local import missing
from graders.judge.memory import Memory
from graders.judge.messages import Answer, Order
from graders.judge.protocol import run_once, told
from graders.judge.scoring import blocking, in_order, scored, telling, ungradable
from graders.judge.worker import Crew, Lost, RemoteFault, Worker
from graders.report.text import clean
from graders.verdict import STRENGTH, Confinement, Limits, Speed, TestResult, Verdict

CREW = 12  # workers asked for at a time
AHEAD = 3  # tests whose workers import the submission while another test runs
MESSAGE = 2000
OUTPUT = 64 << 10  # bytes of what a test printed
PRINTED_IN_ALL = 256 << 10  # bytes, of all tests together
CODE = 6000
REFERENCE_S = 30.0  # wall time for one call of a reference, beyond the kata's limit for a call


@dataclass(frozen=True)
class Sandbox:
    """The worker zygote's socket, and how well its workers are confined."""

    socket: socket.socket
    confinement: Confinement
    reason: str = ""


def weakest(sandboxes: Mapping[str, Sandbox]) -> Sandbox:
    """The one that a verdict must answer for."""
    return min(sandboxes.values(), key=lambda each: STRENGTH.index(each.confinement))


@dataclass
class Clock:
    """Wall time left for a test and for the whole grading."""

    limits: Limits
    started: float = field(default_factory=time.monotonic)
    test_started: float = 0.0

    def begin(self) -> None:
        self.test_started = time.monotonic()

    @property
    def cpu_s(self) -> int:
        """CPU seconds after which the kernel ends the worker: more than the wall time allows."""
        return int(self.limits.test_s + self.limits.import_s) + 2

    @property
    def _too_long(self) -> str:
        return f"the whole grading took longer than {self.limits.total_s:g} s and was stopped"

    def late(self) -> str:
        """What is said when the whole grading's time is over; empty before."""
        return self._too_long if time.monotonic() - self.started > self.limits.total_s else ""

    def allowance(self, what: str) -> tuple[float, str]:
        """Seconds that the next call may take, and what is said when it takes longer. Raises WorkerError if none."""
        now, limits = time.monotonic(), self.limits
        in_all = limits.total_s - (now - self.started)
        in_test = limits.test_s - (now - self.test_started)
        left = (
            (in_all, self._too_long),
            (in_test, f"the test took longer than {limits.test_s:g} s and was stopped"),
            (limits.call_s, f"{what} took longer than {limits.call_s:g} s and was stopped"),
        )
        for seconds, late in left:
            if seconds <= 0:
                raise WorkerError(late)
        return min(left, key=lambda each: each[0])


class ReferenceClock(Clock):
    """The time of a reference. The submission's time is not counted, since it could use up all but a moment."""

    @property
    def cpu_s(self) -> int:
        return int(self.limits.total_s + REFERENCE_S) + 2

    def allowance(self, what: str) -> tuple[float, str]:
        seconds = REFERENCE_S + self.limits.call_s
        return seconds, f"the reference ({what}) took longer than {seconds:g} s and was stopped"


@dataclass
class WorkerSide:
    """A submission in its worker, as a test's `kata` calls it."""

    kata: Kata
    worker: Worker
    clock: Clock
    submission: dict[str, Any]
    posted: bool = False
    loaded: bool = False
    sent: set[str] = field(default_factory=set)

    def post(self) -> None:
        """Hand the submission over; the worker imports it while we do other things."""
        if not self.posted:
            self.posted = True
            self.worker.post("load", "", self.submission)

    def load(self) -> None:
        """Wait until the submission is imported."""
        if not self.loaded:
            self.post()
            self.loaded = True
            seconds = self.clock.limits.import_s
            late = f"importing the submission took longer than {seconds:g} s and was stopped"
            self.worker.receive(seconds, "importing the submission", late)

    def read(self) -> None:
        """Have the submission compiled, and not run."""
        seconds = self.clock.limits.import_s
        self.worker.post("read", "", self.submission)
        self.worker.receive(seconds, "compiling the submission", f"compiling took longer than {seconds:g} s")

    def call(self, name: str, arguments: tuple[Any, ...]) -> Any:
        self.load()
        try:
            return self._ask("call", name, arguments, name)
        except RemoteFault as fault:
            if fault.type_name == "MissingEntryPoint":
                raise SubmissionError(missing(self.kata, name)) from None
            raise

    def run(self, probe: Probe, arguments: tuple[Any, ...]) -> Any:
        self.load()
        if probe.file not in self.sent:
            self.sent.add(probe.file)
            self._ask("probe", probe.file, probe.source, probe.name)
        return self._ask("run", f"{probe.file}:{probe.name}", arguments, probe.name)

    def data(self, name: str) -> bytes | None:
        return self.submission["files"].get(name)  # type: ignore[no-any-return]

    def _ask(self, operation: str, name: str, value: Any, what: str) -> Any:
        seconds, late = self.clock.allowance("your code" if operation == "run" else what)  # a learner knows no probe
        self.worker.post(operation, name, value)
        return self.worker.receive(seconds, what, late)

    def cpu_s(self) -> float:
        return self.worker.cpu_s()

    def pause(self) -> None:
        self.load()
        self.worker.pause()

    def resume(self) -> None:
        self.worker.resume()


@dataclass
class Grading:
    """The state of one grading. `items` are the tests as pytest collected them."""

    kata: Kata
    items: Sequence[pytest.Item]
    order: Order
    sandboxes: Mapping[str, Sandbox]  # by runtime
    tell: Callable[[Verdict], None] = lambda _: None
    memory: Memory = field(default_factory=Memory)
    results: dict[str, TestResult] = field(default_factory=dict)
    pending: dict[str, WorkerSide] = field(default_factory=dict)
    found: dict[str, Failure] = field(default_factory=dict)
    cases: dict[str, Case] = field(default_factory=dict)
    speeds: dict[str, Speed] = field(default_factory=dict)
    others: list[WorkerSide] = field(default_factory=list)  # of the test at hand, in other runtimes than its own

    def verdict(self) -> Verdict:
        """Grade. Raises Lost when the worker zygote died; every other fault of ours is an `error` verdict."""
        begun = time.monotonic()
        self.clock = Clock(self.kata.limits)
        base = msgspec.structs.replace(self.order.verdict, confinement=weakest(self.sandboxes).confinement)
        items = self._ordered()
        if not items:
            return scored(base, self._scope, [])
        self.crews: list[Crew] = []
        try:
            self._hire(items[:CREW])
            refusal = self._refusal(self.pending[items[0].nodeid])
            if refusal:
                verdict = ungradable(base, self._scope, refusal)
            else:
                for number, item in enumerate(items):
                    if number and number % CREW == 0:
                        self._hire(items[number : number + CREW])
                    for later in items[number + 1 : number + 1 + AHEAD]:
                        if later.nodeid in self.pending:
                            self.pending[later.nodeid].post()
                    self._run(item)
                    if self.order.telling and number + 1 < len(items):
                        self._tell(base, items, number + 1)
                    if not self.order.thorough and self.results[item.nodeid].status == "failed":
                        items = items[: number + 1]
                        break
                verdict = scored(base, self._scope, [self.results[item.nodeid] for item in items])
                failed = any(test.status == "failed" for test in verdict.tests)
                if failed and verdict.status != "error" and self.order.diagnosing:
                    self._diagnose(items)
                    verdict = scored(base, self._scope, [self.results[item.nodeid] for item in items])
        finally:
            for each in self.crews:
                each.close()
        return msgspec.structs.replace(verdict, duration_s=round(time.monotonic() - begun, 6))

    def _tell(self, base: Verdict, items: Sequence[pytest.Item], count: int) -> None:
        """Tell what the first `count` tests have said."""
        undecided = {task_of(item) for item in items[count:]}
        scope = tuple(task for task in self._scope.tasks if task.name not in undecided)
        known = [self.results[item.nodeid] for item in items[:count]]
        tests = [msgspec.structs.replace(each, output="") if each.status == "passed" else each for each in known]
        self.tell(scored(base, msgspec.structs.replace(self.kata, tasks=scope), tests))

    @property
    def _scope(self) -> Kata:
        """The kata with the tasks that were asked for; of visible tests alone, those that these decide."""
        wanted = set(self.order.tasks)
        if self.order.visible:
            wanted = {task_of(item) for item in self.items}
        every = not (self.order.tasks or self.order.visible)
        chosen = tuple(task for task in self.kata.tasks if every or task.name in wanted)
        return msgspec.structs.replace(self.kata, tasks=chosen)

    def _hire(self, items: Sequence[pytest.Item]) -> None:
        """A worker for each of these tests."""
        for runtime in self.kata.runtimes:
            mine = [item for item in items if self.kata.runtime_of(task_of(item)) == runtime]
            if mine:
                for item, worker in zip(mine, self._crew(runtime).hire(len(mine)), strict=True):
                    self.pending[item.nodeid] = self._side(worker, item.name, self.order.files)

    def _ordered(self) -> list[pytest.Item]:
        places = {name: place for place, name in enumerate(in_order(self.kata))}
        return sorted(self.items, key=lambda item: places[task_of(item)])

    def _side(
        self, worker: Worker, purpose: str, files: dict[str, bytes], seed: bytes = b"", clock: Clock | None = None
    ) -> WorkerSide:
        clock = clock or self.clock
        submission = {
            "files": files,
            "supplied": self.order.supplied,
            "modules": list(self.kata.modules),
            "seed": _worker_seed(seed or self.order.seed, purpose),
            "memory_mb": self.kata.limits.memory_mb,
            "cpu_s": clock.cpu_s,
            "forbidden": list(self.kata.forbidden),
        }
        return WorkerSide(self.kata, worker, clock, submission)

    def _refusal(self, side: WorkerSide) -> str:
        """Why the submission cannot be graded at all; empty when it can."""
        try:
            side.load()
        except RemoteFault as fault:
            if fault.type_name in ("SyntaxError", "IndentationError", "TabError") and (unread := self._unread()):
                return unread
            return clean(f"the submission cannot be imported: {told_of(fault)}", MESSAGE)
        except SubmissionError as fault:
            return clean(f"the submission cannot be imported: {fault}", MESSAGE)
        return ""

    def _unread(self) -> str:
        """What keeps the files from being compiled, by a worker in which no line of them is run.

        One in which they are run may say the same of files that have no such fault.
        """
        runtime = self.kata.runtime_of(task_of(self.items[0]))
        side = self._side(self._crew(runtime).hire(1)[0], "reading", self.order.files)
        try:
            side.read()
        except RemoteFault as fault:
            return clean(f"{fault.type_name}: {fault.text}\n{fault.where}", MESSAGE)
        except SubmissionError:
            pass
        return ""

    # ------------------------------------------------------------------------------------- one test

    def _run(self, item: pytest.Item) -> None:
        """Run one test in its own worker and keep its result."""
        side = self.pending[item.nodeid]
        started = time.monotonic()
        self.clock.begin()
        failed = {result.task for result in self.results.values() if result.status == "failed"}
        others = blocking(self.kata, failed, task_of(item))
        result, printed = _result(item), ""
        if item.get_closest_marker("gpu") and self.order.verdict.device == "cpu":
            result = msgspec.structs.replace(result, status="ungraded", message="there is no GPU here")
        elif others:
            said = f"blocked: first make {' and '.join(others)} pass"
            result = msgspec.structs.replace(result, status="blocked", message=said)
        elif late := self.clock.late():  # also for tests that only read files
            result = msgspec.structs.replace(result, status="failed", message=late)
        else:
            item.stash[HANDLE_FOR] = Handle(
                self.kata,
                side,
                partial(self._reference, self.kata.runtime_of(task_of(item))),
                timed=lambda _, speed: self.speeds.update({item.nodeid: speed}),
                elsewhere=cache(partial(self._elsewhere, item)),
            )
            result = self._outcome(item)
            printed = self._kept(result.output or side.worker.take_output())
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

    def _kept(self, output: str) -> str:
        """What is kept of a test's output: a submission can print as much in every test, also while it is imported."""
        if not output:
            return ""
        text = clean(output, OUTPUT)
        if len(data := text.encode()) > OUTPUT:  # a byte that is no text counts thrice
            text = data[:OUTPUT].decode(errors="ignore") + "… (cut)"
        kept = [text, *(result.output for result in self.results.values())]
        if sum(len(each.encode()) for each in kept) > PRINTED_IN_ALL:
            return f"(left out: all tests together printed more than {PRINTED_IN_ALL >> 10} kB)"
        return text

    def _outcome(self, item: pytest.Item) -> TestResult:
        """Run a test within the judge's own limit: what it found, or that the judge had to give up."""
        seconds = watchdog.test_seconds(self.kata.limits)
        try:
            with watchdog.cpu_limit(seconds):
                return self._decided(item)
        except watchdog.OutOfTime:
            watchdog.stop()
        said = f"the judge gave up after {seconds:g} s of computing"
        handle = item.stash.get(HANDLE, None)
        if handle is None or not handle.journal.looked:  # nothing of the submission had a part in it
            return msgspec.structs.replace(_result(item), status="error", message=said)
        name = subject(self.kata, handle.journal.last) or "the submission"
        said = f"{name}: {said} with what came back; return what is asked for, no more"
        return msgspec.structs.replace(_result(item), status="failed", message=clean(said, MESSAGE))

    def _decided(self, item: pytest.Item) -> TestResult:
        """Run a test: the failure that the trial found, or what went wrong around it."""
        result = _result(item)
        try:
            run_once(item)
        except Lost:
            raise
        except Skipped as fault:
            return msgspec.structs.replace(result, status="ungraded", message=clean(str(fault), MESSAGE))
        except Exception as fault:  # noqa: BLE001 (a submission's doing is caught in the trial: this is our own)
            said = clean(f"the test itself broke: {told(item, fault)}", MESSAGE)
            return msgspec.structs.replace(result, status="error", message=said)
        failure = self.found.get(item.nodeid)
        if failure is None:
            return result
        try:
            said = message(failure, item.stash[HANDLE])
        except Exception as fault:  # noqa: BLE001 (a failure that cannot be worded is still the submission's failure)
            said = f"{type(failure.fault).__name__}; what came back cannot be shown ({type(fault).__name__})"
        return msgspec.structs.replace(
            result,
            status="failed",
            message=clean(said, MESSAGE),
            counterexample=clean(failure.counterexample, CODE),
            output=item.stash.get(PRINTED, ""),
        )

    # The two methods of graders.judge.plugin.Mode.

    def handle(self, item: pytest.Item, kata: Kata) -> Handle:
        del kata
        return item.stash[HANDLE_FOR]

    def run(self, item: pytest.Function, trial: Trial) -> None:
        side = self.pending[item.nodeid]

        def keep_output() -> None:
            item.stash[PRINTED] = clean(side.worker.take_output(), OUTPUT)

        failure = trial.failure(reducing=self.order.reducing, before_reducing=keep_output)
        numbers = set(range(min(trial.count, CASES)))
        if failure is not None:
            self.found[item.nodeid] = failure
            numbers.add(failure.case)
        self.cases[item.nodeid] = Case(item.nodeid, trial.body, trial.name, tuple(sorted(numbers)))

    def _reference(self, runtime: str) -> WorkerSide:
        worker = self._crew(runtime).hire(1)[0]
        return self._side(worker, "reference", self.order.solution, clock=ReferenceClock(self.kata.limits))

    def _elsewhere(self, item: pytest.Item, runtime: str) -> WorkerSide:
        """The submission in a worker of another runtime than the test's; in the test's own where it is that one."""
        if runtime == self.kata.runtime_of(task_of(item)):
            return self.pending[item.nodeid]
        side = self._side(self._crew(runtime).hire(1)[0], item.name, self.order.files)
        self.others.append(side)
        return side

    def _crew(self, runtime: str) -> Crew:
        crew = Crew(self.sandboxes[runtime].socket, self.kata.limits.output_kb, patient=self.order.crowded)
        self.crews.append(crew)
        return crew

    # ------------------------------------------------------------------------------------ diagnosis

    def _diagnose(self, items: Sequence[pytest.Item]) -> None:
        """Say which known misconception behaves exactly like this submission, if one and only one does."""
        failed = [item.nodeid for item in items if self.results[item.nodeid].status == "failed"]
        told = telling(self.kata, {self.results[nodeid].task for nodeid in failed})
        failed = [nodeid for nodeid in failed if self.results[nodeid].task in told]
        runtime = self.kata.runtime_of(next(self.results[item.nodeid].task for item in items if item.nodeid in failed))
        observable = [
            self.cases[nodeid]
            for nodeid in self.cases
            if not isinstance(self._fault(nodeid), WorkerError)
            and self.kata.runtime_of(self.results[nodeid].task) == runtime
            and self.results[nodeid].task in told
        ]
        if not observable or not any(nodeid == case.nodeid for case in observable for nodeid in failed):
            return
        observable.sort(key=lambda case: case.nodeid not in failed)  # where most others are soon told from it
        others: list[Worker] = []

        def load(files: dict[str, bytes]) -> WorkerSide:
            if not others:
                others.extend(self._crew(runtime).hire(1))
            side = self._side(others[0], "diagnosis", files, SEED)
            side.load()
            return side

        tasks = {self.results[nodeid].task for nodeid in failed}
        self.clock = Clock(self.kata.limits)  # the submission's own time is over, this is ours
        self.clock.begin()
        try:
            (own,) = self._crew(runtime).hire(1)
            side = self._side(own, "diagnosis", self.order.files, SEED)
            with watchdog.cpu_limit(watchdog.DIAGNOSIS_S):
                sentence = diagnose(self.kata, tasks, observable, side, load, self.memory)
        except (Exception, watchdog.OutOfTime):  # noqa: BLE001 (a diagnosis that breaks must not cost the verdict)
            watchdog.stop()
            return
        for nodeid in failed:
            if sentence and not isinstance(self._fault(nodeid), WorkerError):
                self.results[nodeid] = msgspec.structs.replace(self.results[nodeid], diagnosis=sentence)
                return

    def _fault(self, nodeid: str) -> Exception | None:
        found = self.found.get(nodeid)
        return found.fault if found else None


HANDLE_FOR = pytest.StashKey[Handle]()
PRINTED = pytest.StashKey[str]()


def _worker_seed(seed: bytes, purpose: str) -> int:
    """What a worker's global generators are seeded with: a one-way function of the grading's seed."""
    return int.from_bytes(
        hashlib.blake2b(purpose.encode(), key=seed, person=b"worker", digest_size=8).digest(), "little"
    )


def _result(item: pytest.Item) -> TestResult:
    visibility = "hidden" if _hidden(item) else "visible"
    return TestResult(
        name=item.name,
        title=title_of(item),
        task=task_of(item),
        visibility=visibility,  # type: ignore[arg-type]
        status="passed",
    )


def _hidden(item: pytest.Item) -> bool:
    return item.path.parent.parent.name == "hidden"


def answer(
    kata: Kata,
    items: Sequence[pytest.Item],
    order: Order,
    sandboxes: Mapping[str, Sandbox],
    install: Any,
    tell: Callable[[Verdict], None] = lambda _: None,
    memory: Memory | None = None,
) -> Answer:
    """Grade, and turn whatever goes wrong on our side into an answer. `install` makes a grading the plugin's mode."""
    sandbox = weakest(sandboxes)
    if STRENGTH.index(sandbox.confinement) < STRENGTH.index(order.require or "none"):
        said = f"confinement is {sandbox.confinement}, and {order.require} is required: {sandbox.reason}"
        refused = {"status": "error", "message": said, "confinement": sandbox.confinement}
        return Answer(verdict=msgspec.structs.replace(order.verdict, **refused))
    if order.visible:
        items = [item for item in items if not _hidden(item)]
        if not items:
            return Answer(error=f"{kata.folder}: there are no visible tests")
    if order.tasks:
        items = [item for item in items if task_of(item) in order.tasks]
    grading = Grading(kata, items, order, sandboxes, tell, memory or Memory())
    install(grading, order.seed)
    try:
        return Answer(verdict=grading.verdict())
    except Lost as fault:
        return Answer(lost=str(fault))
    except (KataError, OutcomeException) as fault:
        return Answer(error=str(fault))
    except Exception as fault:  # noqa: BLE001 (whoever asked must get an answer, and it is our fault)
        return Answer(error=f"the judge broke: {type(fault).__name__}: {fault}")
