"""Gradings beside the screen: one at a time, and the newest wish ends whatever is still running for an older one."""

from __future__ import annotations

import os
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from graders.errors import Abandoned, KataError
from graders.judge import Judge
from graders.verdict import Verdict

SOON_S = 0.3  # until then nobody is woken for less than a verdict
ENDING_S = 3.0  # for the thread to come back once everything under it is closed


@dataclass(frozen=True)
class Wish:
    """Tasks of a kata (all if none are named) to be graded; given up when `until` can be read."""

    slug: str
    visible: bool
    tasks: frozenset[str]
    until: int
    begun: float


@dataclass(frozen=True)
class Graded:
    """What came of a wish: a verdict, or in words why there is none. `seconds` from the wish on.

    `tasks` are those that were wished for; `so_far` says that more is to come.
    """

    visible: bool
    tasks: frozenset[str]
    verdict: Verdict | None
    fault: str
    seconds: float
    so_far: bool = False


class Grader:
    """Grades in a thread of its own. `tell` is called there when `latest` has something new."""

    def __init__(self, judge: Judge, tell: Callable[[], None]) -> None:
        self.judge = judge
        self.tell = tell
        self._changed = threading.Condition()
        self._wish: Wish | None = None  # that nobody has begun with
        self._latest: Wish | None = None  # the one whose outcome is of interest
        self._closer: int | None = None  # the end whose closing gives it up
        self._found: Graded | None = None
        self._over = False
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def grade(self, slug: str, *, visible: bool, tasks: frozenset[str] = frozenset()) -> None:
        """Wish for a grading; what was wished before is given up."""
        with self._changed:
            self._give_up()
            until, self._closer = os.pipe()
            self._latest = self._wish = Wish(slug, visible, tasks, until, time.monotonic())
            self._changed.notify()

    def latest(self) -> Graded | None:
        """What came of the latest wish, once."""
        with self._changed:
            found, self._found = self._found, None
            return found

    def give_up(self) -> None:
        """Wish for nothing any more."""
        with self._changed:
            self._give_up()

    def close(self) -> None:
        """End the thread and the judge."""
        with self._changed:
            self._give_up()
            self._over = True
            self._changed.notify()
        self._thread.join(ENDING_S)
        self.judge.close()

    def _give_up(self) -> None:
        if self._closer is not None:
            os.close(self._closer)
        if self._wish is not None:
            os.close(self._wish.until)
        self._closer = self._wish = self._latest = self._found = None

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._wish is not None or self._over)
                wish, self._wish = self._wish, None
            if wish is None:
                return
            found = self._graded(wish)
            os.close(wish.until)
            with self._changed:
                if wish is self._latest:
                    self._found = found
                    self.tell()

    def _graded(self, wish: Wish) -> Graded | None:
        verdict, fault = None, ""
        try:
            verdict = self.judge.grade(
                wish.slug, visible=wish.visible, until=wish.until, tasks=wish.tasks, tell=partial(self._so_far, wish)
            )
        except Abandoned:
            return None
        except KataError as said:
            fault = str(said)
        except Exception:  # noqa: BLE001 (shown, and the next save has another try)
            fault = traceback.format_exc()
        return Graded(wish.visible, wish.tasks, verdict, fault, time.monotonic() - wish.begun)

    def _so_far(self, wish: Wish, verdict: Verdict) -> None:
        """Of a grading that is over in a moment, what is known before its end is not worth a look."""
        seconds = time.monotonic() - wish.begun
        with self._changed:
            if wish is self._latest:
                self._found = Graded(wish.visible, wish.tasks, verdict, "", seconds, so_far=True)
                if seconds > SOON_S:
                    self.tell()
