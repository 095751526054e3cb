"""The grading side of a batch: a judge that stays warm in every process that grades.

Jobs and verdicts cross as bytes, so that any executor carries them. No line of a submission runs here: a judge has its
own processes, and these have the workers.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from multiprocessing.connection import Connection
from pathlib import Path

import msgspec

from graders.errors import Abandoned
from graders.intake import Submission
from graders.judge import Judge
from graders.verdict import Confinement, Record, Verdict


class Job(Record, frozen=True, kw_only=True):
    """One grading: what was handed in of a kata, and the seed of its inputs."""

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


class Graded(Record, frozen=True, kw_only=True):
    """The verdict, or why there is none; `abandoned` when the batch was ended meanwhile."""

    verdict: Verdict | None = None
    abandoned: bool = False


_encode = msgspec.msgpack.Encoder().encode
_job = msgspec.msgpack.Decoder(Job).decode
_graded = msgspec.msgpack.Decoder(Graded).decode

LEAVE_S = 2.0  # for a grading to be given up at the end of a batch

_idle: list[Judge] = []  # of this process; one for every thread that grades at the same time
_busy: list[Judge] = []
_lock = threading.Lock()
_end: Connection | None = None


def encoded(job: Job) -> bytes:
    """A job as `grade` takes it."""
    return _encode(job)


def answered(verdict: Verdict) -> bytes:
    """What `grade` returns with a verdict."""
    return _encode(Graded(verdict=verdict))


def decoded(answer: bytes) -> Graded:
    """What `grade` returned."""
    return _graded(answer)


def grade(order: bytes) -> bytes:
    """Grade one job. Raises KataError when there can be no verdict here, for whatever reason."""
    job = _job(order)
    with _judge(Path(job.root), job.require) as judge:
        try:
            until = None if _end is None else _end.fileno()
            verdict = judge.grade(
                job.kata, job.submission, seed=job.seed, until=until, require_extras=job.require_extras
            )
        except Abandoned:
            return _encode(Graded(abandoned=True))
    return answered(_checked(job, verdict))


def _checked(job: Job, verdict: Verdict) -> Verdict:
    """The verdict, unless this machine has another state of the kata than the one that the batch is about."""
    if (verdict.kata_digest, verdict.suite_digest) == (job.kata_digest, job.suite_digest):
        return verdict
    said = f"{os.uname().nodename}: {job.root} is not the same here as where the batch was begun; bring it up to date"
    return msgspec.structs.replace(verdict, status="error", message=said, tasks=(), tests=(), score=0.0, max_score=0.0)


@contextlib.contextmanager
def _judge(root: Path, require: Confinement | None) -> Iterator[Judge]:
    """A judge that nobody else is using; kept for the next job unless something went wrong with it."""
    with _lock:
        found = next((each for each in _idle if (each.root, each.require) == (root.resolve(), require)), None)
        if found is not None:
            _idle.remove(found)
        judge = found or Judge(root, require=require, crowded=True)
        _busy.append(judge)
    try:
        yield judge
    except BaseException:
        judge.close()
        with _lock:
            _busy.remove(judge)
        raise
    with _lock:
        _busy.remove(judge)
        _idle.append(judge)


def start(root: str, require: Confinement | None, end: Connection) -> None:
    """Make this process one of a pool's: it starts its judge, and ends when `end` is written to, or loses its writer.

    So no judge outlives a batch that was killed, whatever it was killed by.
    """
    global _end
    _end = end
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the batch to handle
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})  # until here it was blocked
    threading.Thread(target=_leave_at_the_end, args=(end,), daemon=True).start()
    with _judge(Path(root), require) as judge:
        judge.start()


def _leave_at_the_end(end: Connection) -> None:
    with contextlib.suppress(OSError, EOFError):
        end.poll(None)
    until = time.monotonic() + LEAVE_S
    while _busy and time.monotonic() < until:
        time.sleep(0.01)
    close()
    os._exit(0)


def close() -> None:
    """End every judge of this process that is not grading."""
    with _lock:
        while _idle:
            _idle.pop().close()


atexit.register(close)
