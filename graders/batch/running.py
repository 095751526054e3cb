"""Jobs → a place to grade → verdicts, whatever dies in between."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from dataclasses import dataclass, field

from graders.batch import resident
from graders.batch.executors import Place
from graders.batch.resident import Job
from graders.errors import JudgeError, KataError
from graders.verdict import Verdict

TRIES = 3
GIVEN_UP = 3  # in a row, with nothing graded in between: then it is not the jobs that are at fault
LOOK_S = 5.0  # without an answer, until the place is looked at
AHEAD = 2  # jobs handed over for each one that is being graded: enough that nobody waits, few enough to be forgotten


@dataclass(frozen=True)
class Done:
    """A job and what came of it."""

    job: Job
    verdict: Verdict


def graded(jobs: Iterable[Job], place: Place) -> Iterator[list[Done]]:
    """What is done, as soon as it is, in groups. No more than a few jobs are in memory at any time.

    When a grading process dies, what it may have been grading is tried again, one job at a time, so that the one which
    it dies of is found: after `TRIES` deaths on its own it gets an `error`. A job that raises gets an `error` too.

    Raises JudgeError when processes die whatever they are given.
    """
    run = _Run(iter(jobs), place)
    while True:
        try:
            if not run.hand_over():
                return
            if not wait(run.waiting, timeout=LOOK_S, return_when=FIRST_COMPLETED).done:
                place.look()
        except KeyboardInterrupt:  # what is done is not lost
            yield run.collect()
            raise
        found = run.collect()
        if found:
            yield found


@dataclass
class _Run:
    rest: Iterator[Job]
    place: Place
    waiting: dict[Future[bytes], Job] = field(default_factory=dict)
    again: deque[Job] = field(default_factory=deque)  # each one alone
    deaths: Counter[bytes] = field(default_factory=Counter)
    given_up: int = 0

    def hand_over(self) -> bool:
        """Keep the place busy; whether there is anything to wait for."""
        most = 1 if self.again or self.deaths else AHEAD * self.place.at_once
        while len(self.waiting) < most:
            job = self.again.popleft() if self.again else next(self.rest, None)
            if job is None:
                break
            try:
                future = self.place.submit(resident.encoded(job))
            except BrokenExecutor as fault:
                future = Future()
                future.set_exception(fault)
            self.waiting[future] = job
        return bool(self.waiting)

    def collect(self) -> list[Done]:
        """What has been graded. What was lost is tried again, or given up."""
        done = [future for future in self.waiting if future.done()]
        alone = len(self.waiting) == 1
        found = []
        lost = []
        broken = False
        for future in done:
            job = self.waiting.pop(future)
            try:
                verdict = resident.decoded(future.result()).verdict
            except Exception as fault:  # noqa: BLE001 (whatever a job raises must not stop the others)
                if _is_death(fault):
                    broken = broken or isinstance(fault, BrokenExecutor)
                    lost.append(job)
                    continue
                said = str(fault) if isinstance(fault, KataError) else f"{type(fault).__name__}: {fault}"
                verdict = failed(job, said)
            self.deaths.pop(job.seed, None)
            self.given_up = 0
            if verdict is not None:
                found.append(Done(job, verdict))
        if broken:
            lost += [job for future, job in self.waiting.items() if not future.done() or future.exception()]
            self.waiting = {future: job for future, job in self.waiting.items() if job not in lost}
            self.place.renew()
        return found + [each for job in lost for each in self._lost(job, alone=alone)]

    def _lost(self, job: Job, *, alone: bool) -> list[Done]:
        self.deaths[job.seed] += alone
        if self.deaths[job.seed] < TRIES:
            self.again.append(job)
            return []
        del self.deaths[job.seed]
        self.given_up += 1
        if self.given_up == GIVEN_UP:
            raise JudgeError("the grading processes die, whatever they are given: is there enough memory? Run it again")
        said = f"the process that was to grade it died {TRIES} times; nothing is charged to the submission"
        return [Done(job, failed(job, said))]


def _is_death(fault: Exception) -> bool:
    """Whether a grading process died, and not the job failed. KilledWorker is Dask's, after some tries of its own."""
    return isinstance(fault, BrokenExecutor | CancelledError) or type(fault).__name__ == "KilledWorker"


def failed(job: Job, said: str) -> Verdict:
    """The verdict on a job that nobody could grade: a fault on our side."""
    return Verdict(
        kata=job.kata,
        status="error",
        message=said,
        kata_digest=job.kata_digest,
        suite_digest=job.suite_digest,
        submission_sha256=job.submission.sha256,
        seed=job.seed.hex(),
        require_extras=job.require_extras,
    )
