"""Run grading jobs on this machine or on a cluster, and collect their verdicts, even if processes die.

Submissions do not run in the processes that grade, because their judges start workers for them.
"""

from __future__ import annotations

import atexit
import contextlib
import importlib
import itertools
import multiprocessing
import os
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import (
    FIRST_COMPLETED,
    CancelledError,
    Executor,
    Future,
    ThreadPoolExecutor,
    wait,
)
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Self

import msgspec

from graders.atomic import interrupts_deferred
from graders.errors import Abandoned, JudgeError, KataError
from graders.intake import Submission
from graders.judge.client import Judge
from graders.unix import processors
from graders.verdict import Confinement, Record, Verdict

WAIT_S = 10.0  # how long to wait for an answer from a scheduler
LEFT_S = 120.0  # how long a cluster may have no workers; a dead worker is restarted within seconds


class Job(Record, frozen=True, kw_only=True):
    """A submission to grade, with the seed for the test inputs and the expected digests of the kata and its tests."""

    person: str
    submitted_at: str
    kata: str
    root: str
    kata_digest: str
    suite_digest: str
    submission: Submission
    seed: bytes
    require: Confinement | None = None
    require_extras: bool = False


class JobExecutor:
    """Runs up to `at_once` jobs at the same time with an executor. Use it in a `with`."""

    executor: Executor

    def __init__(self, executor: Executor, at_once: int) -> None:
        self.executor = executor
        self.at_once = at_once

    def submit(self, job: Job) -> Future[Verdict | None]:
        return self.executor.submit(grade, job)

    def start(self) -> None:
        """Start what takes long, if possible, without waiting for it."""

    def close(self) -> None:
        """End what `start` has started."""

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
        self.at_once = at_once or len(processors())

    def start(self) -> None:
        with _judge(self.root, self.require) as judge:
            judge.start()

    def close(self) -> None:
        with interrupts_deferred():
            _close()

    def __enter__(self) -> Self:
        global _end
        _end, self._tell = multiprocessing.Pipe(duplex=False)
        self.start()
        self.executor = ThreadPoolExecutor(self.at_once, "grading")
        return self

    def __exit__(self, *_: object) -> None:
        self._tell.close()  # cancels the jobs that are being graded
        with interrupts_deferred():
            self.executor.shutdown(cancel_futures=True)
            _close()


class Cluster(JobExecutor):
    """The workers of a Dask scheduler, which replaces those that die.

    Every worker needs the same repository of katas at the same path.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.at_once = 1
        self._none_since: float | None = None

    def __enter__(self) -> Self:
        distributed: Any = importlib.import_module("distributed")
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


# ---------------------------------------------------------------------------------------- one process

_idle: list[Judge] = []  # the idle judges of this process, at most one for each thread that grades
_busy: list[Judge] = []
_lock = threading.Lock()
_slots = itertools.count()
_end: Connection | None = None  # jobs are cancelled when this becomes readable or its other end is closed


def grade(job: Job) -> Verdict | None:
    """Grade a job, or return None if the batch has ended. Raises KataError if this process cannot grade the job.

    The verdict is an `error` if the kata on this machine is not the version that the batch grades.
    """
    with _judge(Path(job.root), job.require) as judge:
        try:
            until = None if _end is None else _end.fileno()
            verdict = judge.grade(
                job.kata, job.submission, seed=job.seed, until=until, require_extras=job.require_extras
            )
        except Abandoned:
            return None
    verdict = msgspec.structs.replace(verdict, accepted_confinement=job.require or "full")
    if (verdict.kata_digest, verdict.suite_digest) == (job.kata_digest, job.suite_digest):
        return verdict
    other = f"{os.uname().nodename}: its {job.root} differs from that on the machine that started the batch. Update it."
    return msgspec.structs.replace(verdict, status="error", message=other, tasks=(), tests=(), score=0.0, max_score=0.0)


@contextlib.contextmanager
def _judge(root: Path, require: Confinement | None) -> Iterator[Judge]:
    """Borrow an idle judge, or make one. The next job reuses the judge, unless this job raises an exception.

    All judges of a repository share one process that starts their processes.
    """
    with _lock:
        found = next((each for each in _idle if (each.root, each.require) == (root.resolve(), require)), None)
        if found is not None:
            _idle.remove(found)
        shared = (each.process for each in (*_idle, *_busy) if each.root == root.resolve())
        judge = found or Judge(root, require=require, crowded=True, started=next(shared, None), slot=next(_slots))
        judge.processor = _own_processor()
        _busy.append(judge)
    try:
        yield judge
    except BaseException:
        judge.close()
        raise
    else:
        with _lock:
            _idle.append(judge)
    finally:
        with _lock:
            _busy.remove(judge)


def _own_processor() -> int | None:
    """Return the processor that one more judge should stay on, or None if it leaves others idle, or shares them.

    A judge and its worker take turns. The one that falls asleep wakes the other sooner on the same processor: a batch
    of exercise01 takes 14 % less time.
    """
    available = processors()
    if sys.platform != "linux" or len(_busy) + 1 != len(available):
        return None
    return min(available.difference(each.processor for each in _busy if each.processor is not None))


def _close() -> None:
    """Close all idle judges of this process."""
    global _end
    _end = None
    with _lock:
        while _idle:
            _idle.pop().close()


atexit.register(_close)


# ------------------------------------------------------------------------------------------ all jobs

TRIES = 3
GIVEN_UP = 3  # after giving up on this many jobs in a row, assume that the jobs are not the cause
LOOK_S = 5.0  # how long to wait for a result before checking the executor
AHEAD = 2  # the number of jobs to submit for each job that is being graded, so that no process is idle


def graded(jobs: Iterable[Job], executor: JobExecutor) -> Iterator[list[tuple[Job, Verdict]]]:
    """Yield jobs and their verdicts in groups, as soon as they are available. Only a few jobs are in memory at a time.

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
            self.waiting[self.executor.submit(job)] = job
        return bool(self.waiting)

    def collect(self) -> list[tuple[Job, Verdict]]:
        """Return the available verdicts, and queue lost jobs again or give up on them."""
        alone = len(self.waiting) == 1
        result, lost = [], []
        for future in [each for each in self.waiting if each.done()]:
            job = self.waiting.pop(future)
            try:
                verdict = future.result()
            except Exception as fault:  # noqa: BLE001 (whatever a job raises must not stop the others)
                # If a process dies, Dask raises KilledWorker.
                if isinstance(fault, CancelledError) or type(fault).__name__ == "KilledWorker":
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
                result.append((job, verdict))
        for job in lost:
            self.deaths[job.seed] += alone
            if self.deaths[job.seed] < TRIES:
                self.again.append(job)
            else:
                result.append((job, self._given_up(job)))
        return result

    def _given_up(self, job: Job) -> Verdict:
        del self.deaths[job.seed]
        self.given_up += 1
        if self.given_up == GIVEN_UP:
            raise JudgeError(
                "the grading processes die on every job. Check that there is enough memory, and run the command again."
            )
        reason = f"the grading process died {TRIES} times; this does not count against the submission"
        return _failed(job, reason)


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
