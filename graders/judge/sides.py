"""Hands out the workers of one grading run, each with the submission or the solution."""

from __future__ import annotations

import hashlib
import socket
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest

from graders.catalogue import Kata
from graders.judge.messages import GradeRequest, LoadRequest
from graders.judge.submission_side import Clock, ReferenceClock, WorkerSide
from graders.judge.worker_handle import Worker, WorkerGroup
from graders.pytest_plugin.items import task_of
from graders.verdict import STRENGTH, Confinement

AT_ONCE = 24  # the number of workers that are requested at a time
AHEAD = 3  # while a test runs, the workers of this many later tests import the submission


@dataclass(frozen=True)
class Sandbox:
    """The socket of a workers' fork server, and the confinement of its workers."""

    socket: socket.socket
    confinement: Confinement
    reason: str = ""
    runtime: str = ""


def weakest(sandboxes: Mapping[str, Sandbox]) -> Sandbox:
    """Return the sandbox with the weakest confinement, which the verdict states."""
    return min(sandboxes.values(), key=lambda each: STRENGTH.index(each.confinement))


@dataclass
class Sides:
    """The workers of one grading run. `files` are the submission's, `references` the workers that earlier runs left."""

    kata: Kata
    request: GradeRequest
    sandboxes: Mapping[str, Sandbox]  # the key is the name of the runtime
    references: dict[str, WorkerSide]
    clock: Clock
    files: dict[str, bytes]
    groups: list[WorkerGroup] = field(default_factory=list)
    waiting: dict[str, WorkerSide] = field(default_factory=dict)  # the workers of tests that will run alone

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
        self, worker: Worker, purpose: str, files: dict[str, bytes], seed: bytes = b"", clock: Clock | None = None
    ) -> WorkerSide:
        """Return these files in a worker. The purpose and the seed determine its global random generators."""
        clock = clock or self.clock
        submission = LoadRequest(
            files=files,
            supplied=self.request.supplied,
            modules=list(self.kata.modules),
            seed=_worker_seed(seed or self.request.seed, purpose),
            memory_mb=self.kata.limits.memory_mb,
            cpu_s=clock.cpu_s,
            forbidden=list(self.kata.forbidden),
            allowed=list(self.kata.allowed),
            earlier=list(self.kata.earlier_modules),
        )
        return WorkerSide(self.kata, worker, clock, submission)

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
        return WorkerGroup(self.sandboxes[runtime].socket, self.kata.limits.output_kb, patient=self.request.crowded)

    def close(self) -> None:
        """End all workers but the references."""
        for each in self.groups:
            each.close()


def _worker_seed(seed: bytes, purpose: str) -> int:
    """Return the seed of a worker's global random generators, which does not reveal the grading run's seed."""
    return int.from_bytes(
        hashlib.blake2b(purpose.encode(), key=seed, person=b"worker", digest_size=8).digest(), "little"
    )
