"""Tests for planted faults in the wire format that no other test caught; see `tests/planted.py`."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from graders.errors import WorkerError
from graders.judge.worker_handle import Worker


@contextmanager
def working(program: str) -> Iterator[tuple[Worker, socket.socket]]:
    """Yield a worker that prints into its output, and the other end of its channel."""
    ours, theirs = socket.socketpair()
    reading, writing = os.pipe()
    command = [sys.executable, "-c", program]
    with theirs, subprocess.Popen(command, stdin=subprocess.PIPE, stdout=writing) as process:
        group = None  # only used for a worker that ends by itself
        worker = Worker(ours.detach(), reading, os.pidfd_open(process.pid), group)
        try:
            yield worker, theirs
        finally:
            process.kill()
            worker.stream.close()
            for descriptor in (reading, writing, worker.pidfd):
                os.close(descriptor)


def test_a_worker_that_writes_unasked_is_killed() -> None:
    with working("input()") as (worker, theirs):
        theirs.sendall(b"anything")  # still unread when the judge sends its request
        with pytest.raises(WorkerError, match="the worker wrote to the judge without being asked"):
            worker.post("call", "f", ())


@pytest.mark.timeout(60)
def test_a_worker_that_prints_endlessly_is_stopped_in_time() -> None:
    with working("while True: print('x' * 4096)") as (worker, _):
        worker.post("call", "f", ())
        with pytest.raises(WorkerError, match="it took too long"):
            worker.receive(0.2, "f", "it took too long")
