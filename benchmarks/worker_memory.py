"""Measure the memory that a worker does not share with its fork server, after it has loaded a solution.

    python benchmarks/worker_memory.py

The figures are the private pages, clean and dirty, in /proc/PID/smaps_rollup of real workers of both runtimes.
"""

from __future__ import annotations

import re
import socket
from pathlib import Path
from statistics import median

from graders import catalogue
from graders.judge.fork_server import WorkerServer
from graders.judge.messages import LoadRequest
from graders.judge.sides import SubmissionClock, WorkerSide
from graders.judge.worker_handle import WorkerGroup

ROOT = Path(__file__).parents[1]
KATAS = {"numpy": "exercise01", "torch": "challenge5"}


def private_megabytes(pid: int) -> float:
    rollup = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii")
    return sum(map(int, re.findall(r"^Private_\w+:\s+(\d+) kB", rollup, re.MULTILINE))) / 1024


def measure(runtime: str, count: int = 8) -> list[float]:
    """Return the private megabytes of each of `count` workers that have loaded a solution."""
    kata = catalogue.load(ROOT, KATAS[runtime])
    server = WorkerServer.start(runtime, (), (), "full")
    server.greet()
    try:
        return _measure(kata, server.judges, count)
    finally:
        server.stop()


def _measure(kata: catalogue.Kata, judges: socket.socket, count: int) -> list[float]:
    files = {path.name: path.read_bytes() for path in kata.solution.glob("*.py")}
    order = LoadRequest(
        files=files,
        supplied={},
        modules=list(kata.modules),
        seed=1,
        memory_mb=kata.limits.memory_mb,
        cpu_s=60,
        forbidden=[],
    )
    group = WorkerGroup(judges, 64)
    found = []
    for worker in group.acquire(count):
        WorkerSide(kata, worker, SubmissionClock(kata.limits), order).load()
        found.append(private_megabytes(worker.pid))
    group.close()
    return found


def main() -> None:
    for runtime in KATAS:
        found = measure(runtime)
        print(f"{runtime}: {median(found):.1f} MB of private memory per worker ({min(found):.1f} to {max(found):.1f})")


if __name__ == "__main__":
    main()
