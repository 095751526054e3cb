"""Run jobs at a grading place and collect their verdicts, even if processes die."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from dataclasses import dataclass, field

from graders.course import pool_worker
from graders.course.executors import GradingPlace
from graders.course.pool_worker import Job
from graders.errors import JudgeError, KataError
from graders.verdict import Verdict

TRIES = 3
GIVEN_UP = 3  # after giving up on this many jobs in a row, assume that the jobs are not the cause
LOOK_S = 5.0  # how long to wait for a result before checking the place
AHEAD = 2  # the number of jobs to submit for each job that is being graded, so that no process is idle


@dataclass(frozen=True)
class Done:
    """A job and its verdict."""

    job: Job
    verdict: Verdict


def graded(jobs: Iterable[Job], place: GradingPlace) -> Iterator[list[Done]]:
    """Yield verdicts in groups, as soon as they are available. Only a few jobs are in memory at a time.

    If a grading process dies, the jobs that it may have been grading are tried again one at a time, to find the job
    that is the cause. A job gets an `error` if it raises an exception, or if processes die `TRIES` times while it is
    the only job. A job whose verdict is an `error` is tried once more, alone, because the machine may have been busy
    with the other jobs.

    Raises JudgeError if `GIVEN_UP` jobs in a row get an `error` because processes died.
    """
    queue = _JobQueue(iter(jobs), place)
    while True:
        try:
            if not queue.submit():
                return
            if not wait(queue.waiting, timeout=LOOK_S, return_when=FIRST_COMPLETED).done:
                place.look()
        except KeyboardInterrupt:  # finished verdicts must not be lost
            yield queue.collect()
            raise
        found = queue.collect()
        if found:
            yield found


@dataclass
class _JobQueue:
    rest: Iterator[Job]
    place: GradingPlace
    waiting: dict[Future[bytes], Job] = field(default_factory=dict)
    again: deque[Job] = field(default_factory=deque)  # these jobs must run one at a time
    retried: set[bytes] = field(default_factory=set)  # the seeds of jobs that were tried again after an error
    deaths: Counter[bytes] = field(default_factory=Counter)
    given_up: int = 0

    def submit(self) -> bool:
        """Submit enough jobs to keep the place busy, and return whether there is a result to wait for."""
        most = 1 if self.again or self.deaths else AHEAD * self.place.at_once
        while len(self.waiting) < most:
            job = self.again.popleft() if self.again else next(self.rest, None)
            if job is None:
                break
            try:
                future = self.place.submit(pool_worker.encoded(job))
            except BrokenExecutor as fault:
                future = Future()
                future.set_exception(fault)
            self.waiting[future] = job
        return bool(self.waiting)

    def collect(self) -> list[Done]:
        """Return the available verdicts, and queue lost jobs again or give up on them."""
        done = [future for future in self.waiting if future.done()]
        alone = len(self.waiting) == 1
        found = []
        lost = []
        broken = False
        for future in done:
            job = self.waiting.pop(future)
            try:
                verdict = pool_worker.decoded(future.result()).verdict
            except Exception as fault:  # noqa: BLE001 (whatever a job raises must not stop the others)
                if _is_death(fault):
                    broken = broken or isinstance(fault, BrokenExecutor)
                    lost.append(job)
                    continue
                reason = str(fault) if isinstance(fault, KataError) else f"{type(fault).__name__}: {fault}"
                verdict = failed(job, reason)
            self.deaths.pop(job.seed, None)
            self.given_up = 0
            if verdict is not None and verdict.status == "error" and not alone and job.seed not in self.retried:
                self.retried.add(job.seed)
                self.again.append(job)
            elif verdict is not None:
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
            raise JudgeError(
                "the grading processes die on every job. Check that there is enough memory, and run the command again."
            )
        reason = f"the grading process died {TRIES} times; this does not count against the submission"
        return [Done(job, failed(job, reason))]


def _is_death(fault: Exception) -> bool:
    """Return whether this exception means that a grading process died. In that case, Dask raises KilledWorker."""
    return isinstance(fault, BrokenExecutor | CancelledError) or type(fault).__name__ == "KilledWorker"


def failed(job: Job, reason: str) -> Verdict:
    """Return an `error` verdict on a job that the harness could not grade."""
    return Verdict(
        kata=job.kata,
        status="error",
        message=reason,
        kata_digest=job.kata_digest,
        suite_digest=job.suite_digest,
        submission_sha256=job.submission.sha256,
        seed=job.seed.hex(),
        require_extras=job.require_extras,
    )
