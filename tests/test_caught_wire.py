"""What planted faults showed that no attack on the wire protects; see `tests/planted.py`."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

import pytest

from graders.errors import WorkerError
from graders.judge.worker import Worker


def test_a_worker_that_speaks_before_it_is_asked_is_killed() -> None:
    ours, theirs = socket.socketpair()
    reading, writing = os.pipe()
    with theirs, subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        crew = None  # is asked only how a worker ended by itself
        worker = Worker(ours.detach(), reading, os.pidfd_open(process.pid), crew)
        theirs.sendall(b"anything")  # nothing of it has been read when the judge asks
        with pytest.raises(WorkerError, match="it wrote to the judge without being asked"):
            worker.post("call", "f", ())
        assert process.wait(20) < 0
        worker.stream.close()
        for descriptor in (reading, writing, worker.pidfd):
            os.close(descriptor)
