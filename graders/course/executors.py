"""Places that grade the jobs of a batch. Each one wraps a `concurrent.futures.Executor`."""

from __future__ import annotations

import contextlib
import importlib
import multiprocessing
import os
import time
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol

from graders.atomic import interrupts_deferred
from graders.course import pool_worker
from graders.errors import KataError
from graders.verdict import Confinement

WAIT_S = 10.0  # how long to wait for an answer from a scheduler
LEFT_S = 120.0  # how long a cluster may have no workers; a dead worker is restarted within seconds


class GradingPlace(Protocol):
    """A place that runs up to `at_once` jobs at the same time."""

    at_once: int

    def submit(self, order: bytes) -> Future[bytes]:
        """Submit a job that pool_worker has encoded. Raises BrokenExecutor if the place accepts no more jobs."""

    def renew(self) -> None:
        """Replace a broken executor. Unfinished jobs are lost."""

    def look(self) -> None:
        """Raise KataError if no more results can come. This method is called if no result has come for a while."""

    def __enter__(self) -> GradingPlace: ...

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Borrowed:
    """The caller's own executor, which can run jobs but cannot be replaced."""

    def __init__(self, executor: Executor, at_once: int) -> None:
        self.executor = executor
        self.at_once = at_once

    def submit(self, order: bytes) -> Future[bytes]:
        return self.executor.submit(pool_worker.grade, order)

    def renew(self) -> None:
        raise KataError("the executor is broken, and only its owner can start another. Start one, and run this again.")

    def look(self) -> None:
        pass

    def __enter__(self) -> Borrowed:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


class ThisMachine:
    """A pool of `at_once` threads on this machine. Their judges share one process that has imported PyTorch."""

    def __init__(self, root: Path, at_once: int | None = None, require: Confinement | None = None) -> None:
        self.root = root
        self.require = require
        self.at_once = at_once or len(os.sched_getaffinity(0))

    def __enter__(self) -> ThisMachine:
        self._end, self._tell = multiprocessing.Pipe(duplex=False)
        pool_worker.start(self.root, self.require, self._end)
        self._pool = ThreadPoolExecutor(self.at_once, "grading")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._tell.close()  # cancels the jobs that are being graded
        with interrupts_deferred():
            self._pool.shutdown(cancel_futures=True)
            pool_worker.close()
        self._end.close()

    def submit(self, order: bytes) -> Future[bytes]:
        return self._pool.submit(pool_worker.grade, order)

    def renew(self) -> None:
        """Do nothing, because threads do not die."""

    def look(self) -> None:
        """Do nothing, because a judge itself notices when its process dies."""


class Cluster:
    """The workers of a Dask scheduler. Every worker needs the same repository of katas at the same path."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.at_once = 1
        self._none_since: float | None = None

    def __enter__(self) -> Cluster:
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
        self._executor = self._client.get_executor(pure=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(Exception):  # if the scheduler is gone, there is nothing to tidy up
            self._executor.shutdown(wait=False)
            self._client.close(timeout=WAIT_S)

    def submit(self, order: bytes) -> Future[bytes]:
        self._expect_scheduler()
        future: Future[bytes] = self._executor.submit(pool_worker.grade, order)
        return future

    def renew(self) -> None:
        """Do nothing, because Dask itself replaces dead workers."""

    def look(self) -> None:
        """Raise KataError if the cluster has had no workers for LEFT_S, because its jobs would wait for ever."""
        self._expect_scheduler()
        workers = True
        with contextlib.suppress(Exception):  # a busy scheduler may not answer, so leave it to the next check
            workers = bool(self._client.nthreads())
        now = time.monotonic()
        self._none_since = None if workers else self._none_since or now
        if self._none_since is not None and now - self._none_since > LEFT_S:
            problem = f"no worker for {LEFT_S:g} s. Start one, and run the same command again to continue."
            raise KataError(f"--scheduler {self.address}: {problem}")

    def _expect_scheduler(self) -> None:
        if self._client.status != "running":
            raise KataError(
                f"--scheduler {self.address}: it has stopped. Start the scheduler, and run the same command again."
            )
