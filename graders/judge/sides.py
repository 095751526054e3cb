"""Hands out the workers of a grading run, with the submission or the solution, and calls them within time limits."""

from __future__ import annotations

import functools
import marshal
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from msgspec.structs import asdict

from graders.catalogue import Kata
from graders.errors import RemoteFault, SubmissionError, TimeLimitError
from graders.judge.messages import GradeRequest, LoadRequest
from graders.judge.worker_handle import UNMEASURED, Worker, WorkerGroup
from graders.pytest_plugin.handle import Probe, missing
from graders.pytest_plugin.items import task_of, worker_seed
from graders.unix import measures_cpu
from graders.verdict import STRENGTH, Confinement, Limits

LOUD = ". It printed very much, which takes time: remove the print(…) inside loops"
AT_ONCE = 8  # the number of workers that are requested at a time, as many as wait
AHEAD = 3  # while a test runs, the workers of this many later tests import the submission
REFERENCE_S = 30.0  # the time that a call to a reference gets in addition to the kata's limit for a call


@dataclass
class SubmissionClock:
    """The time that the submission has used so far, in a test and in the whole grading run.

    Only the workers' own time counts (see graders.judge.worker_handle.Stopwatch), and for the whole run also the CPU
    time of the judge, because a submission's answers can keep the judge busy.
    """

    limits: Limits
    test_s: float = 0.0
    workers_s: float = 0.0
    loud: bool = False  # whether more was printed than is kept
    started: float = field(default_factory=time.process_time)

    def begin(self) -> None:
        """Begin the next test."""
        self.test_s = 0.0

    def spend(self, seconds: float) -> None:
        """Count a worker's own time for the current test."""
        self.test_s += seconds
        self.workers_s += seconds

    @property
    def cpu_s(self) -> int:
        """The CPU seconds after which the kernel kills the worker. The other limits allow less than this."""
        return int(self.limits.test_s + 2 * self.limits.import_s) + 2  # the first worker compiles, then imports

    @property
    def total_s(self) -> float:
        """The time, in seconds, that the whole grading run has used."""
        return self.workers_s + time.process_time() - self.started

    @property
    def _too_long(self) -> str:
        return f"the whole grading run took longer than {self.limits.total_s:g} s and was stopped{LOUD * self.loud}"

    def late(self) -> str:
        """Return the message for a grading run that is out of time, or an empty string while there is time left."""
        return self._too_long if self.total_s > self.limits.total_s else ""

    def allowance(self, what: str) -> tuple[float, str]:
        """Return the seconds that the next call may take, and the message for a call that takes longer.

        Raises TimeLimitError if no time is left.
        """
        limits = self.limits
        left = (
            (limits.total_s - self.total_s, self._too_long),
            (limits.test_s - self.test_s, f"the test took longer than {limits.test_s:g} s and was stopped"),
            (limits.call_s, f"{what} took longer than {limits.call_s:g} s and was stopped"),
        )
        for seconds, late in left:
            if seconds <= 0:
                raise TimeLimitError(late)
        return min(left, key=lambda each: each[0])


class ReferenceClock(SubmissionClock):
    """A clock for the reference. It does not share the submission's time, which may be almost used up."""

    @property
    def cpu_s(self) -> int:
        return int(self.limits.total_s + REFERENCE_S) + 2

    def allowance(self, what: str) -> tuple[float, str]:
        seconds = REFERENCE_S + self.limits.call_s
        return seconds, f"the reference ({what}) took longer than {seconds:g} s and was stopped"


@functools.cache  # every worker gets the same few files, and compiling one takes longer than most calls
def _compiled(file: str, source: str) -> bytes:
    """Return a file of probes as a marshalled code object."""
    return marshal.dumps(compile(source, file, "exec", dont_inherit=True))


def sources_of(kata: Kata, files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Return the kata's own Python files."""
    return {name: data for name, data in files.items() if name.endswith(".py") and kata.declares(name)}


@dataclass
class WorkerSide:
    """A submission in its worker, which a test's `kata` object calls through this class."""

    kata: Kata
    worker: Worker
    clock: SubmissionClock
    submission: LoadRequest
    # What the first worker has compiled. All workers with the same files share this dictionary.
    compiled: dict[str, bytes] = field(default_factory=dict)
    posted: bool = False
    loaded: bool = False
    sent: set[str] = field(default_factory=set)

    def post(self) -> None:
        """Send the submission to the worker, which imports it while the judge continues."""
        if not self.posted:
            self.posted = True
            self.worker.own_files = self.submission.files
            self.worker.post("load", "", self._order())

    def load(self) -> None:
        """Wait until the submission is imported."""
        if not self.loaded:
            self.post()
            self.loaded = True
            seconds = self.clock.limits.import_s
            late = f"importing the submission took longer than {seconds:g} s and was stopped"
            try:
                self.worker.receive(seconds, "importing the submission", late)
            finally:
                self.clock.workers_s += self.worker.charge()
            self.worker.keep_output()

    def read(self) -> None:
        """Let a new worker compile the submission without running it. Keep the result for the other workers.

        Only workers decode it. The submission can't change it, because no part of it has run yet.
        """
        seconds = self.clock.limits.import_s
        late = f"compiling the submission took longer than {seconds:g} s and was stopped"
        self.worker.post("read", "", self._order())
        try:
            found = self.worker.receive(seconds, "compiling the submission", late)
        finally:
            self.clock.workers_s += self.worker.charge()
        self.compiled.update(msgspec.convert(found, dict[str, bytes]))

    def _order(self) -> dict[str, Any]:
        return asdict(self.submission) | {"compiled": self.compiled}

    def call(self, name: str, arguments: tuple[Any, ...]) -> Any:
        self.load()
        try:
            return self._ask("call", name, arguments, name)
        except RemoteFault as fault:
            if fault.type_name == "MissingEntryPoint":
                own = sources_of(self.kata, self.submission.files).values()
                text = missing(self.kata, name, (data.decode(errors="replace") for data in own))
                raise SubmissionError(text) from None
            raise

    def run(self, probe: Probe, arguments: tuple[Any, ...]) -> Any:
        self.load()
        if probe.file not in self.sent:
            self.sent.add(probe.file)
            self._ask("probe", probe.file, _compiled(probe.file, probe.source), probe.name)
        return self._ask("run", f"{probe.file}:{probe.name}", arguments, probe.name)

    def data(self, name: str) -> bytes | None:
        return self.submission.files.get(name)

    def _ask(self, operation: str, name: str, value: Any, what: str) -> Any:
        # The message does not name a probe, because learners do not know about probes.
        seconds, late = self.clock.allowance("your code" if operation == "run" else what)
        self.worker.post(operation, name, value)
        try:
            return self.worker.receive(seconds, what, late)
        except TimeLimitError as fault:
            raise TimeLimitError(f"{fault}{LOUD * self.worker.cut}") from None
        finally:
            self.clock.loud = self.clock.loud or self.worker.cut
            self.clock.spend(self.worker.charge())

    def cpu_s(self) -> float:
        """Return the worker's CPU time for a speed test or, if the system cannot tell, the wall time."""
        return self.worker.cpu_s() if measures_cpu() else time.perf_counter()

    def pause(self) -> None:
        self.load()
        self.worker.pause()

    def resume(self) -> None:
        self.worker.resume()


@dataclass(frozen=True)
class WorkerSource:
    """The socket of a workers' fork server, and the confinement of its workers."""

    socket: socket.socket
    confinement: Confinement
    reason: str = ""
    runtime: str = ""


def weakest(sandboxes: Mapping[str, WorkerSource]) -> WorkerSource:
    """Return the sandbox with the weakest confinement, which the verdict states."""
    return min(sandboxes.values(), key=lambda each: STRENGTH.index(each.confinement))


@dataclass
class Sides:
    """The workers of one grading run. `files` are the submission's, `references` the workers that earlier runs left."""

    kata: Kata
    request: GradeRequest
    sandboxes: Mapping[str, WorkerSource]  # the key is the name of the runtime
    references: dict[str, WorkerSide]
    clock: SubmissionClock
    files: dict[str, bytes]
    groups: list[WorkerGroup] = field(default_factory=list)
    waiting: dict[str, WorkerSide] = field(default_factory=dict)  # the workers of tests that will run alone
    compiled: dict[str, bytes] = field(default_factory=dict)  # of `files`, by module

    def runtime(self, item: pytest.Item) -> str:
        """Return the runtime of a test."""
        return self.kata.runtime_of(task_of(item))

    def acquire(self, items: Sequence[pytest.Item]) -> None:
        """Get a worker for each of the first of these tests that has none."""
        items = [item for item in items[:AT_ONCE] if item.nodeid not in self.waiting]
        for runtime in self.kata.runtimes:
            mine = [item for item in items if self.runtime(item) == runtime]
            if mine:
                for item, worker in zip(mine, self._group(runtime).acquire(len(mine)), strict=True):
                    self.waiting[item.nodeid] = self.side(worker, item.name, self.files)

    def prepare(self, items: Sequence[pytest.Item]) -> None:
        """Get the worker of the first of these tests, and let those of the next ones import the submission."""
        if items[0].nodeid not in self.waiting:
            self.acquire(items)
        for later in items[1 : 1 + AHEAD]:
            if later.nodeid in self.waiting:
                self.waiting[later.nodeid].post()

    def take(self, item: pytest.Item) -> WorkerSide:
        """Return the test's own worker."""
        return self.waiting.pop(item.nodeid, None) or self.new(self.runtime(item), item.name)

    def new(self, runtime: str, purpose: str, files: dict[str, bytes] | None = None) -> WorkerSide:
        """Return the submission, or these files, in a new worker."""
        return self.side(self.worker(runtime), purpose, self.files if files is None else files)

    def shared(self, items: Sequence[pytest.Item], purpose: str) -> dict[str, WorkerSide]:
        """Return one new worker for each runtime of these tests."""
        return {runtime: self.new(runtime, purpose) for runtime in dict.fromkeys(map(self.runtime, items))}

    def worker(self, runtime: str) -> Worker:
        """Return a new worker."""
        return self._group(runtime).acquire(1)[0]

    def side(
        self,
        worker: Worker,
        purpose: str,
        files: dict[str, bytes],
        seed: bytes = b"",
        clock: SubmissionClock | None = None,
    ) -> WorkerSide:
        """Return these files in a worker. The purpose and the seed determine its global random generators."""
        clock = clock or self.clock
        submission = LoadRequest(
            files=files,
            supplied=self.request.supplied,
            modules=list(self.kata.modules),
            seed=worker_seed(seed or self.request.seed, purpose),
            memory_mb=self.kata.limits.memory_mb,
            cpu_s=clock.cpu_s if measures_cpu() else int(clock.cpu_s / UNMEASURED),
            forbidden=list(self.kata.forbidden),
            earlier=list(self.kata.earlier_modules),
        )
        return WorkerSide(self.kata, worker, clock, submission, self.compiled if files == self.files else {})

    def reference(self, runtime: str) -> WorkerSide:
        """Return the solution in a worker. Later grading runs use it too, unless it has a scratch folder."""
        clock, solution = ReferenceClock(self.kata.limits), self.request.solution
        if runtime != "numpy":
            return self.side(self.worker(runtime), "reference", solution, clock=clock)
        side = self.references.get(runtime)
        if side is None or not side.worker.alive or side.submission.files != solution:
            (worker,) = self._new_group(runtime).acquire(1, kept=True)
            side = self.references[runtime] = self.side(worker, "reference", solution, clock=clock)
        return side

    def _group(self, runtime: str) -> WorkerGroup:
        group = self._new_group(runtime)
        self.groups.append(group)
        return group

    def _new_group(self, runtime: str) -> WorkerGroup:
        patient, processor = self.request.crowded, self.request.processor
        server, output_kb = self.sandboxes[runtime].socket, self.kata.limits.output_kb
        return WorkerGroup(server, output_kb, patient=patient, processor=processor)

    def close(self) -> None:
        """End all workers but the references."""
        for each in self.groups:
            each.close()
