"""Run grading jobs on this machine or on a cluster, and collect their verdicts, even if processes die."""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ThreadPoolExecutor,
    wait,
)
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from graders.atomic import interrupts_deferred
from graders.course import pool_worker
from graders.course.pool_worker import Job
from graders.errors import JudgeError, KataError
from graders.verdict import Confinement, Verdict

WAIT_S = 10.0  # how long to wait for an answer from a scheduler
LEFT_S = 120.0  # how long a cluster may have no workers; a dead worker is restarted within seconds


class JobExecutor:
    """Runs up to `at_once` jobs at the same time with an executor, which cannot be replaced. Use it in a `with`."""

    executor: Executor

    def __init__(self, executor: Executor, at_once: int) -> None:
        self.executor = executor
        self.at_once = at_once

    def submit(self, job: Job) -> Future[Verdict | None]:
        """Submit a job. Raises BrokenExecutor if the executor accepts no more jobs."""
        return self.executor.submit(pool_worker.grade, job)

    def renew(self) -> None:
        """Replace a broken executor. Unfinished jobs are lost."""
        raise KataError("the executor is broken, and only its owner can start another. Start one, and run this again.")

    def look(self) -> None:
        """Raise KataError if no more results can come. This method is called if no result has come for a while."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Release what the executor has started."""


class ThisMachine(JobExecutor):
    """A pool of `at_once` threads on this machine. Their judges share one process that has imported PyTorch.

    Threads do not die, and a judge itself notices when its process dies.
    """

    def __init__(self, root: Path, at_once: int | None = None, require: Confinement | None = None) -> None:
        self.root = root
        self.require = require
        self.at_once = at_once or len(os.sched_getaffinity(0))

    def __enter__(self) -> Self:
        self._end, self._tell = multiprocessing.Pipe(duplex=False)
        pool_worker.start(self.root, self.require, self._end)
        self.executor = ThreadPoolExecutor(self.at_once, "grading")
        return self

    def __exit__(self, *_: object) -> None:
        self._tell.close()  # cancels the jobs that are being graded
        with interrupts_deferred():
            self.executor.shutdown(cancel_futures=True)
            pool_worker.close()
        self._end.close()


class Cluster(JobExecutor):
    """The workers of a Dask scheduler, which replaces those that die.

    Every worker needs the same repository of katas at the same path.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.at_once = 1
        self._none_since: float | None = None

    def __enter__(self) -> Self:
        try:
            distributed: Any = importlib.import_module("distributed")
        except ImportError:
            raise KataError("--scheduler: Dask is not installed. Install it: pip install -e '.[cohort]'") from None
        try:
            self._client = distributed.Client(self.address, timeout=WAIT_S, set_as_default=False)
            self._client.wait_for_workers(1, timeout=WAIT_S)
        except (OSError, TimeoutError, ValueError) as fault:
            with contextlib.suppress(Exception):
                self._client.close()
            raise KataError(f"--scheduler {self.address}: {fault}. Are the scheduler and a worker running?") from None
        self.at_once = max(1, sum(self._client.nthreads().values()))
        self.executor = self._client.get_executor(pure=False)
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(Exception):  # if the scheduler is gone, there is nothing to tidy up
            self.executor.shutdown(wait=False)
            self._client.close(timeout=WAIT_S)

    def submit(self, job: Job) -> Future[Verdict | None]:
        self._expect_scheduler()
        return super().submit(job)

    def look(self) -> None:
        """Raise KataError if the cluster has had no workers for LEFT_S, because its jobs would wait for ever."""
        self._expect_scheduler()
        workers = True
        with contextlib.suppress(Exception):  # a busy scheduler may not answer, so leave it to the next check
            workers = bool(self._client.nthreads())
        now = time.monotonic()
        self._none_since = None if workers else self._none_since or now
        if self._none_since is not None and now - self._none_since > LEFT_S:
            raise KataError(
                f"--scheduler {self.address}: no worker for {LEFT_S:g} s. "
                "Start one, and run the same command again to continue."
            )

    def _expect_scheduler(self) -> None:
        if self._client.status != "running":
            raise KataError(
                f"--scheduler {self.address}: it has stopped. Start the scheduler, and run the same command again."
            )


TRIES = 3
GIVEN_UP = 3  # after giving up on this many jobs in a row, assume that the jobs are not the cause
LOOK_S = 5.0  # how long to wait for a result before checking the executor
AHEAD = 2  # the number of jobs to submit for each job that is being graded, so that no process is idle


@dataclass(frozen=True)
class Done:
    """A job and its verdict."""

    job: Job
    verdict: Verdict


def graded(jobs: Iterable[Job], executor: JobExecutor) -> Iterator[list[Done]]:
    """Yield verdicts in groups, as soon as they are available. Only a few jobs are in memory at a time.

    If a grading process dies, the jobs that it may have been grading are tried again one at a time, to find the cause.
    A job gets an `error` if it raises an exception, or if processes die `TRIES` times while it is the only job. A job
    whose verdict is an `error` is tried once more, alone, because the machine may have been busy with other jobs.
    Raises JudgeError if `GIVEN_UP` jobs in a row get an `error` because processes died.
    """
    queue = _JobQueue(iter(jobs), executor)
    while True:
        try:
            if not queue.submit():
                return
            if not wait(queue.waiting, timeout=LOOK_S, return_when=FIRST_COMPLETED).done:
                executor.look()
        except KeyboardInterrupt:  # finished verdicts must not be lost
            yield queue.collect()
            raise
        found = queue.collect()
        if found:
            yield found


@dataclass
class _JobQueue:
    rest: Iterator[Job]
    executor: JobExecutor
    waiting: dict[Future[Verdict | None], Job] = field(default_factory=dict)
    again: deque[Job] = field(default_factory=deque)  # these jobs must run one at a time
    retried: set[bytes] = field(default_factory=set)  # the seeds of jobs that were tried again after an error
    deaths: Counter[bytes] = field(default_factory=Counter)
    given_up: int = 0

    def submit(self) -> bool:
        """Submit enough jobs to keep the executor busy, and return whether there is a result to wait for."""
        most = 1 if self.again or self.deaths else AHEAD * self.executor.at_once
        while len(self.waiting) < most:
            job = self.again.popleft() if self.again else next(self.rest, None)
            if job is None:
                break
            try:
                future = self.executor.submit(job)
            except (BrokenExecutor, OSError) as fault:  # a pool of processes that breaks in this call raises OSError
                future = Future()
                future.set_exception(BrokenExecutor(str(fault)))
            self.waiting[future] = job
        return bool(self.waiting)

    def collect(self) -> list[Done]:
        """Return the available verdicts, and queue lost jobs again or give up on them."""
        alone = len(self.waiting) == 1
        result, lost, broken = [], [], False
        for future in [each for each in self.waiting if each.done()]:
            job = self.waiting.pop(future)
            try:
                verdict = future.result()
            except Exception as fault:  # noqa: BLE001 (whatever a job raises must not stop the others)
                if _is_death(fault):
                    broken = broken or isinstance(fault, BrokenExecutor)
                    lost.append(job)
                    continue
                verdict = _failed(
                    job, str(fault) if isinstance(fault, KataError) else f"{type(fault).__name__}: {fault}"
                )
            self.deaths.pop(job.seed, None)
            self.given_up = 0
            if verdict is not None and verdict.status == "error" and not alone and job.seed not in self.retried:
                self.retried.add(job.seed)
                self.again.append(job)
            elif verdict is not None:
                result.append(Done(job, verdict))
        if broken:
            lost += [job for future, job in self.waiting.items() if not future.done() or future.exception()]
            self.waiting = {future: job for future, job in self.waiting.items() if job not in lost}
            self.executor.renew()
        for job in lost:
            self.deaths[job.seed] += alone
            if self.deaths[job.seed] < TRIES:
                self.again.append(job)
            else:
                result.append(self._given_up(job))
        return result

    def _given_up(self, job: Job) -> Done:
        del self.deaths[job.seed]
        self.given_up += 1
        if self.given_up == GIVEN_UP:
            raise JudgeError(
                "the grading processes die on every job. Check that there is enough memory, and run the command again."
            )
        reason = f"the grading process died {TRIES} times; this does not count against the submission"
        return Done(job, _failed(job, reason))


def _is_death(fault: Exception) -> bool:
    """Return whether this exception means that a grading process died. In that case, Dask raises KilledWorker."""
    return isinstance(fault, BrokenExecutor | CancelledError) or type(fault).__name__ == "KilledWorker"


def _failed(job: Job, reason: str) -> Verdict:
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
