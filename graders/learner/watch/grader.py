"""Grade in a background thread, one request at a time. A new request cancels the previous one."""

from __future__ import annotations

import os
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass, replace
from queue import SimpleQueue
from typing import TYPE_CHECKING, Protocol

from graders.errors import Abandoned, KataError
from graders.verdict import Verdict

if TYPE_CHECKING:
    from graders.judge.messages import Step

SOON_S = 0.3  # until grading has taken this long, only a complete verdict is reported
ENDING_S = 3.0  # how long to wait for the thread after its request is cancelled


@dataclass(frozen=True, eq=False)
class WatchedGrading:
    """A request to grade some of a kata's tasks, or all of them if `tasks` is empty, and what came of it.

    It is cancelled when the file descriptor `until` becomes readable. If `verdict` is None in the end, `fault` says
    why. If `so_far` is set, the verdict is not complete yet.
    """

    slug: str
    visible: bool
    tasks: frozenset[str]
    until: int
    started: float
    verdict: Verdict | None = None
    fault: str = ""
    so_far: bool = False


class Grades(Protocol):
    """What a grader needs of a judge."""

    @property
    def grade(self) -> Callable[..., Verdict]: ...


class Grader:
    """A background thread that grades. It calls `notify` when `latest` will return something new.

    Graders with the same lock `turn` grade one after the other. The judge is not closed with the grader.
    """

    def __init__(self, judge: Grades, notify: Callable[[], None], turn: threading.Lock | None = None) -> None:
        self._judge, self._notify, self._turn = judge, notify, turn or threading.Lock()
        self._lock = threading.Lock()
        self._requests: SimpleQueue[WatchedGrading | None] = SimpleQueue()
        self._latest: WatchedGrading | None = None  # the request whose outcome is reported
        self._closer = -1  # closing this end of the pipe cancels that request
        self._outcome: WatchedGrading | None = None
        self.step: Step | None = None  # what the judge does for that request
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def grade(self, slug: str, *, visible: bool, tasks: frozenset[str] = frozenset()) -> None:
        """Request a verdict, and cancel the previous request."""
        self.give_up()
        until, self._closer = os.pipe()
        self._latest, self.step = WatchedGrading(slug, visible, tasks, until, time.monotonic()), None
        self._requests.put(self._latest)

    def latest(self) -> WatchedGrading | None:
        """Return the outcome of the latest request, or None if it is unknown or has already been returned."""
        with self._lock:
            found, self._outcome = self._outcome, None
            return found

    def give_up(self) -> None:
        """Cancel the latest request."""
        with self._lock:
            if self._latest is not None:
                os.close(self._closer)
            self._latest = self._outcome = None

    def close(self) -> None:
        """End the thread."""
        self.give_up()
        self._requests.put(None)
        self._thread.join(ENDING_S)

    def _run(self) -> None:
        for request in iter(self._requests.get, None):
            if request is self._latest:
                self._grade(request)
            os.close(request.until)

    def _grade(self, request: WatchedGrading) -> None:
        verdict, fault = None, ""
        try:
            with self._turn:
                verdict = self._judge.grade(
                    request.slug, visible=request.visible, until=request.until, tasks=request.tasks,
                    tell=lambda verdict: self._report(request, verdict, so_far=True),
                    at=lambda step: self._begin(request, step), impatient=True, spread=True,
                )  # fmt: skip
        except Abandoned:
            return
        except KataError as error:
            fault = str(error)
        except Exception:  # noqa: BLE001 (shown to the learner; the next save tries again)
            fault = traceback.format_exc()
        self._report(request, verdict, fault)

    def _begin(self, request: WatchedGrading, step: Step) -> None:
        with self._lock:
            if request is self._latest:
                self.step = step

    def _report(
        self, request: WatchedGrading, verdict: Verdict | None, fault: str = "", *, so_far: bool = False
    ) -> None:
        """Store an outcome. A partial verdict is announced only after SOON_S."""
        with self._lock:
            if request is self._latest:
                self._outcome = replace(request, verdict=verdict, fault=fault, so_far=so_far)
                if not so_far or time.monotonic() - request.started > SOON_S:
                    self._notify()
