"""The "Try" tab: runs a learner's own lines with the submission importable. Nothing here is graded or counted.

The lines run in a fresh worker, confined like those of a grading run: without network, without the learner's folders,
and without hidden tests, which this process never reads. Its workers' fork server has no other task.
"""

from __future__ import annotations

import base64
import contextlib
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
IDLE_S = 120.0  # a fork server that nothing has used for this long ends
LATE = f"Stopped after {TRY_S:g} s, the longest that lines may run here."
STOPPED = "Stopped."


@dataclass
class LineRun:
    """One run of a learner's lines. Another thread may stop it at any time, with the lock of its LineRunner."""

    kata: Kata
    text: str
    stopped: bool = False
    worker: Worker | None = None

    def order(self, cpu_s: int) -> dict[str, Any]:
        """Return what its worker needs: the learner's files, with those of earlier katas, and the lines."""
        return {
            "files": intake.take(self.kata, self.kata.folder, anywhere=False).graded,
            "supplied": {file.name: file.data for file in intake.supplied(self.kata)},
            "text": self.text,
            "seed": int.from_bytes(os.urandom(7), "big"),
            "memory_mb": self.kata.limits.memory_mb,
            "cpu_s": cpu_s,
        }


class LineRunner:
    """Runs lines one after another, each in a fresh worker. A new run stops the one before it."""

    idle_s = IDLE_S
    most_servers = 1  # fork servers; the oldest ends if there would be more

    def __init__(self, judge: Judge) -> None:
        self._judge = judge
        # The kernel ends a fork server together with the thread that started it, so that is always the same thread.
        self._thread = ThreadPoolExecutor(1, type(self).__name__)
        self._lock = threading.Lock()
        self._current: LineRun | None = None
        self._servers: list[tuple[object, WorkerServer]] = []  # with the settings that each was started with
        self._used_at = 0.0
        self._timer: threading.Timer | None = None

    def stop(self) -> None:
        """Stop the lines that run now."""
        with self._lock:
            self._stop()

    def close(self) -> None:
        self.stop()
        self._thread.submit(self._end_all)
        self._thread.shutdown()

    def _use(self) -> None:
        """Note a use in the thread of the fork server, which ends once there has been none for a while."""
        self._used_at = time.monotonic()
        if self._timer is None:
            self._rest(self.idle_s)

    def _rest(self, seconds: float) -> None:
        self._timer = threading.Timer(seconds, self._wake)
        self._timer.daemon = True
        self._timer.start()

    def _wake(self) -> None:
        with contextlib.suppress(RuntimeError):  # this was closed in this moment
            self._thread.submit(self._look)

    def _look(self) -> None:
        """End the fork server if it is idle, or look again later."""
        if self._timer is None:
            return
        left = self._used_at + self.idle_s - time.monotonic()
        if left > 0:
            self._rest(left)
        else:
            self._end_all()

    def _end_all(self) -> None:
        """End everything that runs. The next use starts it again."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = None
        self._end_servers()

    def _stop(self) -> None:
        if self._current is not None:
            self._current.stopped = True
            if self._current.worker is not None:
                self._current.worker.kill(STOPPED)

    def _hire(self, run: LineRun, plots: bool = False) -> Worker:
        """Return a fresh worker for a run. Raises JudgeError."""
        from graders.judge.worker_handle import WorkerGroup

        self._use()
        group = WorkerGroup(self._ready(run.kata, plots).judges, OUTPUT_KB, patient=True)
        try:
            (worker,) = group.acquire(1, START_S)
        except JudgeError:
            group.close()
            raise
        with self._lock:
            run.worker = worker
            if run.stopped:
                worker.kill(STOPPED)
        return worker

    def _dismiss(self, run: LineRun) -> None:
        """End the worker of a run, if it has one."""
        with self._lock:
            worker, run.worker = run.worker, None
        if worker is not None:
            worker.group.close()

    def _ready(self, kata: Kata, plots: bool) -> WorkerServer:
        """Return a running fork server that shows a kata's workers what they see in a grading run.

        If `plots` is set, it also has matplotlib. Its import takes a second, so other lines do not wait for it.
        """
        from graders.judge.fork_server import WorkerServer, data_of

        runtime, data = self._runtime(kata), data_of(kata)
        packages = tuple(kata.packages)
        more = (*packages, PLOTTING) if PLOTTING not in packages else packages
        wanted = [(runtime, each, data) for each in ((more,) if plots else (packages, more))]
        server = next((each for settings, each in self._servers if settings in wanted and each.alive), None)
        if server is None:
            if len(self._servers) == self.most_servers:
                self._servers.pop(0)[1].stop()
            server = WorkerServer.start(*wanted[0], self._judge.confinement, READY)
            self._servers.append((wanted[0], server))
        launched = server.greet()
        if STRENGTH.index(launched.confinement) < STRENGTH.index(self._judge.require or "none"):
            raise JudgeError(f"confinement is {launched.confinement}, but {self._judge.require} is required")
        return server

    def _runtime(self, kata: Kata) -> str:
        return "torch" if kata.runtime == "gpu" else kata.runtime

    def _end_servers(self) -> None:
        while self._servers:
            self._servers.pop()[1].stop()


class Tryouts(LineRunner):
    """The lines of the "Try" tab."""

    def run(self, kata: Kata, text: object) -> dict[str, Any]:
        """Return what the lines printed, and what else came of them. Raises KataError."""
        if not isinstance(text, str) or len(text) > LONGEST:
            raise KataError(f"Lines to try are a text of at most {LONGEST} characters.")
        with self._lock:
            self._stop()
            self._current = LineRun(kata, text)
            waiting = self._thread.submit(self._run, self._current)
        return waiting.result()

    def _run(self, run: LineRun) -> dict[str, Any]:
        order = run.order(int(TRY_S) + 2)
        texts = [run.text.encode("utf-8", "replace"), *order["files"].values(), *order["supplied"].values()]
        plots = is_installed(PLOTTING) and any(PLOTTING.encode() in each for each in texts)
        for _ in range(2):
            try:
                return _tried(self._hire(run, plots), order)
            except ForkServerDied:
                self._end_servers()
            except JudgeError as fault:
                raise KataError(f"Your lines could not be run: {fault}") from None
            finally:
                self._dismiss(run)
        raise KataError("Your lines could not be run: the sandbox ended. Try again.")


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
