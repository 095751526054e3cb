"""Calls a submission in its worker, within time limits."""

from __future__ import annotations

import functools
import marshal
import time
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import asdict

from graders.catalogue import Kata
from graders.errors import RemoteFault, SubmissionError, TimeLimitError
from graders.judge.messages import LoadRequest
from graders.judge.worker_handle import Worker
from graders.pytest_plugin.handle import Probe, missing
from graders.verdict import Limits

REFERENCE_S = 30.0  # the time that a call to a reference gets in addition to the kata's limit for a call


@dataclass
class Clock:
    """The time that the submission has used so far, in a test and in the whole grading run.

    Only the workers' own time counts (see graders.judge.worker_handle.Stopwatch), and for the whole run also the CPU
    time of the judge, because a submission's answers can keep the judge busy.
    """

    limits: Limits
    test_s: float = 0.0
    workers_s: float = 0.0
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
        return int(self.limits.test_s + self.limits.import_s) + 2

    @property
    def total_s(self) -> float:
        """The time, in seconds, that the whole grading run has used."""
        return self.workers_s + time.process_time() - self.started

    @property
    def _too_long(self) -> str:
        return f"the whole grading run took longer than {self.limits.total_s:g} s and was stopped"

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


class ReferenceClock(Clock):
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


@dataclass
class WorkerSide:
    """A submission in its worker, which a test's `kata` object calls through this class."""

    kata: Kata
    worker: Worker
    clock: Clock
    submission: LoadRequest
    posted: bool = False
    loaded: bool = False
    sent: set[str] = field(default_factory=set)

    def post(self) -> None:
        """Send the submission to the worker, which imports it while the judge continues."""
        if not self.posted:
            self.posted = True
            self.worker.own_files = self.submission.files
            self.worker.post("load", "", asdict(self.submission))

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
        """Let the worker compile the submission without running it."""
        seconds = self.clock.limits.import_s
        self.worker.post("read", "", asdict(self.submission))
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
        finally:
            self.clock.spend(self.worker.charge())

    def cpu_s(self) -> float:
        return self.worker.cpu_s()

    def pause(self) -> None:
        self.load()
        self.worker.pause()

    def resume(self) -> None:
        self.worker.resume()
