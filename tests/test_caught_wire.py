"""What planted faults showed that no attack on the wire protects; see `tests/planted.py`."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from graders.errors import WorkerError
from graders.judge.worker import Worker


@contextmanager
def working(program: str) -> Iterator[tuple[Worker, socket.socket]]:
    """A process held as a worker, which prints into its output, and the other end of its channel."""
    ours, theirs = socket.socketpair()
    reading, writing = os.pipe()
    command = [sys.executable, "-c", program]
    with theirs, subprocess.Popen(command, stdin=subprocess.PIPE, stdout=writing) as process:
        crew = None  # is asked only how a worker ended by itself
        worker = Worker(ours.detach(), reading, os.pidfd_open(process.pid), crew)
        try:
            yield worker, theirs
        finally:
            process.kill()
            worker.stream.close()
            for descriptor in (reading, writing, worker.pidfd):
                os.close(descriptor)


def test_a_worker_that_speaks_before_it_is_asked_is_killed() -> None:
    with working("input()") as (worker, theirs):
        theirs.sendall(b"anything")  # nothing of it has been read when the judge asks
        with pytest.raises(WorkerError, match="it wrote to the judge without being asked"):
            worker.post("call", "f", ())


@pytest.mark.timeout(60)
def test_a_worker_that_prints_without_end_is_stopped_in_time() -> None:
    with working("while True: print('x' * 4096)") as (worker, _):
        worker.post("call", "f", ())
        with pytest.raises(WorkerError, match="it took too long"):
            worker.receive(0.2, "f", "it took too long")
