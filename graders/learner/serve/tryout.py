"""The "Try" tab: runs a learner's own lines with the submission importable. Nothing here is graded or counted.

The lines run in a fresh worker, confined like those of a grading run: without network, without the learner's folders,
and without hidden tests, which this process never reads. Its workers' fork server has no other task.
"""

from __future__ import annotations

import base64
import importlib.util
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from graders import intake
from graders.catalogue import Kata
from graders.errors import ForkServerDied, JudgeError, KataError, NotPlain, RemoteFault, WorkerError
from graders.judge.client import Judge
from graders.verdict import STRENGTH
from graders.worker.trying import LARGEST_FIGURE, MOST_FIGURES

if TYPE_CHECKING:
    from graders.judge.fork_server import WorkerServer
    from graders.judge.worker_handle import Worker

TRY_S = 10.0
START_S = 60.0  # for a worker, on a busy machine
OUTPUT_KB = 64
LONGEST = 64 << 10  # characters of the learner's lines
LONGEST_PART = 40_000  # characters of a value or a traceback, which the worker has shortened
PNG = b"\x89PNG\r\n\x1a\n"
PLOTTING = "matplotlib"
READY = 2  # workers that wait
LATE = f"Stopped after {TRY_S:g} s, the longest that lines may run here."
STOPPED = "Stopped."


@dataclass
class Run:
    """One run of a learner's lines. Another thread may stop it at any time, with the lock of Tryouts."""

    kata: Kata
    text: str
    stopped: bool = False
    worker: Worker | None = None


class Tryouts:
    """Runs lines one after another. A new run stops the one before it."""

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        # The kernel ends a fork server together with the thread that started it, so that is always the same thread.
        self._thread = ThreadPoolExecutor(1, "try")
        self._lock = threading.Lock()
        self._current: Run | None = None
        self._server: WorkerServer | None = None
        self._settings: object = None  # with which the server was started

    def run(self, kata: Kata, text: object) -> dict[str, Any]:
        """Return what the lines printed, and what else came of them. Raises KataError."""
        if not isinstance(text, str) or len(text) > LONGEST:
            raise KataError(f"Lines to try are a text of at most {LONGEST} characters.")
        with self._lock:
            self._stop()
            self._current = Run(kata, text)
            waiting = self._thread.submit(self._run, self._current)
        return waiting.result()

    def stop(self) -> None:
        """Stop the lines that run now."""
        with self._lock:
            self._stop()

    def close(self) -> None:
        self.stop()
        self._thread.submit(self._end_server)
        self._thread.shutdown()

    def _stop(self) -> None:
        if self._current is not None:
            self._current.stopped = True
            if self._current.worker is not None:
                self._current.worker.kill(STOPPED)

    def _run(self, run: Run) -> dict[str, Any]:
        files = intake.take(run.kata, run.kata.folder, anywhere=False).graded
        order = {
            "files": files,
            "supplied": {file.name: file.data for file in intake.supplied(run.kata)},
            "text": run.text,
            "seed": int.from_bytes(os.urandom(7), "big"),
            "memory_mb": run.kata.limits.memory_mb,
            "cpu_s": int(TRY_S) + 2,
        }
        for _ in range(2):
            try:
                return self._attempt(run, order)
            except ForkServerDied:
                self._end_server()
            except JudgeError as fault:
                raise KataError(f"Your lines could not be run: {fault}") from None
        raise KataError("Your lines could not be run: the sandbox ended. Try again.")

    def _attempt(self, run: Run, order: dict[str, Any]) -> dict[str, Any]:
        from graders.judge.worker_handle import WorkerGroup

        texts = [run.text.encode("utf-8", "replace"), *order["files"].values(), *order["supplied"].values()]
        plots = is_installed(PLOTTING) and any(PLOTTING.encode() in each for each in texts)
        group = WorkerGroup(self._ready(run.kata, plots).judges, OUTPUT_KB, patient=True)
        try:
            (worker,) = group.acquire(1, START_S)
            with self._lock:
                run.worker = worker
                if run.stopped:
                    worker.kill(STOPPED)
            try:
                return _tried(worker, order)
            finally:
                with self._lock:
                    run.worker = None
                worker.close()
        finally:
            group.close()

    def _ready(self, kata: Kata, plots: bool) -> WorkerServer:
        """Return a running fork server that shows a kata's workers what they see in a grading run.

        If `plots` is set, it also has matplotlib. Its import takes a second, so other lines do not wait for it.
        """
        from graders.judge.fork_server import WorkerServer, data_of

        runtime, data = "torch" if kata.runtime == "gpu" else kata.runtime, data_of(kata)
        packages = tuple(kata.packages)
        more = (*packages, PLOTTING) if PLOTTING not in packages else packages
        wanted = [(runtime, each, data) for each in ((more,) if plots else (packages, more))]
        if self._server is None or self._settings not in wanted or not self._server.alive:
            self._end_server()
            self._settings = wanted[0]
            self._server = WorkerServer.start(*wanted[0], self._judge.confinement, READY)
        launched = self._server.greet()
        if STRENGTH.index(launched.confinement) < STRENGTH.index(self._judge.require or "none"):
            raise JudgeError(f"confinement is {launched.confinement}, but {self._judge.require} is required")
        return self._server

    def _end_server(self) -> None:
        if self._server is not None:
            self._server.stop()
        self._server = None


def is_installed(package: str) -> bool:
    return importlib.util.find_spec(package) is not None


def _tried(worker: Worker, order: dict[str, Any]) -> dict[str, Any]:
    """Send the lines to a worker and return what came of them. The worker may answer anything."""
    answer: object = {}
    started, fault = time.monotonic(), ""
    try:
        worker.post("attempt", "", order)
        answer = worker.receive(TRY_S, "your lines", LATE)
    except RemoteFault as raised:  # only an unreadable file gets here, e.g. one that isn't UTF-8
        fault = f"{raised.type_name}: {raised.text}"
    except (NotPlain, WorkerError) as ended:
        fault = str(ended)
    seconds = time.monotonic() - started
    found = answer if isinstance(answer, dict) else {}
    value, said, figures = (found.get(name) for name in ("value", "fault", "figures"))
    pictures = [each for each in figures[:MOST_FIGURES] if _is_picture(each)] if isinstance(figures, list) else []
    return {
        "output": worker.take_output(),
        "value": value[:LONGEST_PART] if isinstance(value, str) else "",
        "fault": fault or (said[:LONGEST_PART] if isinstance(said, str) else ""),
        "figures": [f"data:image/png;base64,{base64.b64encode(each).decode('ascii')}" for each in pictures],
        "seconds": round(seconds, 2),
    }


def _is_picture(found: object) -> bool:
    return isinstance(found, bytes) and found.startswith(PNG) and len(found) <= LARGEST_FIGURE
