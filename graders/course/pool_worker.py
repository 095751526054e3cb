"""Grades the jobs of a batch, in this process or on another machine, and keeps judges running between jobs.

Submissions do not run in these processes, because the judges start workers for them.
"""

from __future__ import annotations

import atexit
import contextlib
import itertools
import os
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

from graders.errors import Abandoned
from graders.intake import Submission
from graders.judge.client import Judge
from graders.verdict import Confinement, Record, Verdict


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


_idle: list[Judge] = []  # the idle judges of this process, at most one for each thread that grades
_busy: list[Judge] = []
_lock = threading.Lock()
_slots = itertools.count()
_end: Connection | None = None


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


def start(root: Path, require: Confinement | None, end: Connection) -> None:
    """Start the judge's process. Jobs are cancelled when `end` becomes readable or its other end is closed."""
    global _end
    _end = end
    with _judge(root, require) as judge:
        judge.start()


def close() -> None:
    """Close all idle judges of this process."""
    global _end
    _end = None
    with _lock:
        while _idle:
            _idle.pop().close()


atexit.register(close)
