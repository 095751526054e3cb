"""Grade in a background thread, one request at a time. A new request cancels the previous one."""

from __future__ import annotations

import os
import threading
import time
import traceback
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from graders.errors import Abandoned, KataError
from graders.verdict import Verdict

SOON_S = 0.3  # until grading has taken this long, only a complete verdict is reported
ENDING_S = 3.0  # how long to wait for the thread after its request is cancelled


class Judging(Protocol):
    """What a grader needs of a judge."""

    def grade(
        self,
        slug: str,
        *,
        visible: bool = False,
        until: int | None = None,
        tasks: Collection[str] = (),
        tell: Callable[[Verdict], None] | None = None,
    ) -> Verdict: ...

    def close(self) -> None: ...


@dataclass(frozen=True)
class GradingRequest:
    """A request to grade some of a kata's tasks, or all of them if `tasks` is empty.

    The request is cancelled when the file descriptor `until` becomes readable.
    """

    slug: str
    visible: bool
    tasks: frozenset[str]
    until: int
    started: float


@dataclass(frozen=True)
class WatchedGrading:
    """The outcome of a grading request.

    If `verdict` is None, `fault` says why. `tasks` are the requested tasks, and `seconds` is the time since the
    request. If `so_far` is set, the verdict is not complete yet.
    """

    visible: bool
    tasks: frozenset[str]
    verdict: Verdict | None
    fault: str
    seconds: float
    so_far: bool = False


class Grader:
    """A background thread that grades. It calls `notify` when `latest` will return something new."""

    def __init__(self, judge: Judging, notify: Callable[[], None]) -> None:
        self.judge = judge
        self.notify = notify
        self._changed = threading.Condition()
        self._waiting: GradingRequest | None = None  # the request that has not started yet
        self._latest: GradingRequest | None = None  # the request whose outcome is reported
        self._closer: int | None = None  # closing this end of the pipe cancels the request
        self._outcome: WatchedGrading | None = None
        self._closed = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def grade(self, slug: str, *, visible: bool, tasks: frozenset[str] = frozenset()) -> None:
        """Request a verdict, and cancel the previous request."""
        with self._changed:
            self._give_up()
            until, self._closer = os.pipe()
            self._latest = self._waiting = GradingRequest(slug, visible, tasks, until, time.monotonic())
            self._changed.notify()

    def latest(self) -> WatchedGrading | None:
        """Return the outcome of the latest request, or None if it is unknown or has already been returned."""
        with self._changed:
            found, self._outcome = self._outcome, None
            return found

    def give_up(self) -> None:
        with self._changed:
            self._give_up()

    def close(self) -> None:
        """End the thread and the judge."""
        with self._changed:
            self._give_up()
            self._closed = True
            self._changed.notify()
        self._thread.join(ENDING_S)
        self.judge.close()

    def _give_up(self) -> None:
        if self._closer is not None:
            os.close(self._closer)
        if self._waiting is not None:
            os.close(self._waiting.until)
        self._closer = self._waiting = self._latest = self._outcome = None

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting is not None or self._closed)
                request, self._waiting = self._waiting, None
            if request is None:
                return
            found = self._graded(request)
            os.close(request.until)
            with self._changed:
                if request is self._latest:
                    self._outcome = found
                    self.notify()

    def _graded(self, request: GradingRequest) -> WatchedGrading | None:
        verdict, fault = None, ""
        try:
            verdict = self.judge.grade(
                request.slug,
                visible=request.visible,
                until=request.until,
                tasks=request.tasks,
                tell=partial(self._so_far, request),
            )
        except Abandoned:
            return None
        except KataError as error:
            fault = str(error)
        except Exception:  # noqa: BLE001 (shown to the learner; the next save tries again)
            fault = traceback.format_exc()
        return WatchedGrading(request.visible, request.tasks, verdict, fault, time.monotonic() - request.started)

    def _so_far(self, request: GradingRequest, verdict: Verdict) -> None:
        """Store a partial verdict, and report it once grading has taken more than SOON_S."""
        seconds = time.monotonic() - request.started
        with self._changed:
            if request is self._latest:
                self._outcome = WatchedGrading(request.visible, request.tasks, verdict, "", seconds, so_far=True)
                if seconds > SOON_S:
                    self.notify()
