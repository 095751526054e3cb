"""Where a batch is graded: any `concurrent.futures.Executor`, and how to get another when one breaks."""

from __future__ import annotations

import contextlib
import gc
import importlib
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from graders.batch import resident
from graders.errors import KataError
from graders.verdict import Confinement

WAIT_S = 10.0  # for a scheduler to answer, and for processes to end
LEFT_S = 120.0  # for which a cluster may have no worker: one that died is started again within seconds


class Place(Protocol):
    """A place to grade. `at_once` is how many gradings it does at the same time."""

    at_once: int

    def submit(self, order: bytes) -> Future[bytes]:
        """Hand one job over (see graders.batch.resident). Raises a BrokenExecutor where nothing can be taken now."""

    def renew(self) -> None:
        """Begin again after an executor broke: what was handed over and not answered is lost."""

    def look(self) -> None:
        """Called when nothing has come for a while. Raises KataError where nothing can come any more."""

    def __enter__(self) -> Place: ...

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Borrowed:
    """Somebody's own executor, of which nothing is known but that it runs functions."""

    def __init__(self, executor: Executor, at_once: int) -> None:
        self.executor = executor
        self.at_once = at_once

    def submit(self, order: bytes) -> Future[bytes]:
        return self.executor.submit(resident.grade, order)

    def renew(self) -> None:
        raise KataError("the executor is broken, and it is not this command's to start another; run it again")

    def look(self) -> None:
        pass

    def __enter__(self) -> Borrowed:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class ThisMachine:
    """So many processes of this machine, each with a judge of its own."""

    def __init__(self, root: Path, at_once: int | None = None, require: Confinement | None = None) -> None:
        self.root = root
        self.require = require
        self.at_once = at_once or len(os.sched_getaffinity(0))
        self._pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> ThisMachine:
        self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def submit(self, order: bytes) -> Future[bytes]:
        if self._pool is None:
            raise BrokenProcessPool("the pool is closed")
        with _undisturbed():  # it starts the processes, one after the other
            return self._pool.submit(resident.grade, order)

    def renew(self) -> None:
        self._stop()
        self._start()

    def look(self) -> None:
        """The pool itself notices when a process dies."""

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would hold our journal, and its lock, open
        with _undisturbed():
            self._end, self._tell = context.Pipe(duplex=False)
            self._pool = ProcessPoolExecutor(
                self.at_once,
                mp_context=context,
                initializer=resident.start,
                initargs=(str(self.root), self.require, self._end),
            )

    def _stop(self) -> None:
        """End the processes, and what they are grading."""
        if self._pool is None:
            return
        pool, self._pool = self._pool, None
        processes: list[Any] = list((pool._processes or {}).values())  # no public name before Python 3.14
        self._tell.close()
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.join(WAIT_S)
            if process.is_alive():
                process.kill()
                process.join(WAIT_S)
        self._end.close()
        pool.shutdown()
        del pool, processes
        gc.collect()  # its semaphores are unlinked when they are collected, and `katas` ends without that


@contextlib.contextmanager
def _undisturbed() -> Iterator[None]:
    """Ctrl-C waits until the block is over; a process that is started in it has Ctrl-C blocked (see resident.start)."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []
    before = signal.signal(signal.SIGINT, lambda number, _: came.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, before)
    if came:
        signal.raise_signal(signal.SIGINT)


class Cluster:
    """The workers of a Dask scheduler. They see the repository of katas at the same path, in the same state."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.at_once = 1
        self._none_since: float | None = None

    def __enter__(self) -> Cluster:
        try:
            distributed: Any = importlib.import_module("distributed")
        except ImportError:
            raise KataError("--scheduler needs Dask: pip install 'nn-katas[cohort]'") from None
        try:
            self._client = distributed.Client(self.address, timeout=WAIT_S, set_as_default=False)
            self._client.wait_for_workers(1, timeout=WAIT_S)
        except (OSError, TimeoutError, ValueError) as fault:
            with contextlib.suppress(Exception):
                self._client.close()
            raise KataError(f"--scheduler {self.address}: {fault}; are the scheduler and a worker running?") from None
        self.at_once = max(1, sum(self._client.nthreads().values()))
        self._executor = self._client.get_executor(pure=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(Exception):  # a scheduler that is gone has nothing to tidy up
            self._executor.shutdown(wait=False)
            self._client.close(timeout=WAIT_S)

    def submit(self, order: bytes) -> Future[bytes]:
        self._expect_scheduler()
        future: Future[bytes] = self._executor.submit(resident.grade, order)
        return future

    def renew(self) -> None:
        """Dask puts new workers in the place of dead ones by itself."""

    def look(self) -> None:
        """Whoever starts workers again may give up, and a job would wait for ever."""
        self._expect_scheduler()
        workers = True
        with contextlib.suppress(Exception):  # it is busy: the next look will tell
            workers = bool(self._client.nthreads())
        now = time.monotonic()
        self._none_since = None if workers else self._none_since or now
        if self._none_since is not None and now - self._none_since > LEFT_S:
            said = f"it has had no worker for {LEFT_S:g} s; start one, and the same command goes on from here"
            raise KataError(f"--scheduler {self.address}: {said}")

    def _expect_scheduler(self) -> None:
        if self._client.status != "running":
            raise KataError(f"--scheduler {self.address}: it is gone; start it, and the same command goes on from here")
