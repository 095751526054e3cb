"""Katas that are open in a browser: each has a watch session in a thread of its own, which tells its listeners."""

from __future__ import annotations

import queue
import re
import threading
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from graders import catalogue
from graders.catalogue import Kata
from graders.cli import products
from graders.errors import KataError
from graders.judge.client import Judge
from graders.learner.progress import Standing, next_kata, reached
from graders.learner.watch.events import Event
from graders.learner.watch.session import State, WatchSession
from graders.verdict import Verdict
from katas_page.files import WRITING
from katas_page.kept import KeptTrainings
from katas_page.pane import Snapshot, snapshot
from katas_page.trainings import Trainings
from katas_page.tryout import Tryouts

Listener = Callable[[Snapshot | None], None]  # None: there will be no other snapshot
Action = Callable[[WatchSession], object]
IDLE_S = 30.0  # a kata that no page shows is closed after this long
LEFT_S = 2.0  # its grading is cancelled after this long, so that another kata's can begin; a reload takes less
AFTER_FAULT_S = 1.0  # how long to wait before a step that failed is tried again
SETTLED_S = 2.0  # how long a request waits until a verdict is recorded
LOOK_MORE_S = 0.25  # how often the elapsed time of a long grading is sent
PATIENCE_S = 0.5  # how long a page waits for a locked progress file


def puzzle_room() -> Any:
    """Return the module that serves puzzles. Raises KataError, with the reason, in a copy without them."""
    return products.door("practice networks")


def is_puzzle(slug: str) -> bool:
    """Return whether this is the slug of a puzzle, e.g. `debug:17`, and not of a kata."""
    return re.fullmatch(r"debug:(0|[1-9][0-9]{0,9})", slug) is not None


class LiveKata:
    """A kata that is open in a page. Other threads call `do`, `look`, `join` and `leave`.

    `begin` begins a session, which calls the given function when it has news.
    """

    def __init__(self, begin: Callable[[Callable[[], None]], WatchSession], slug: str) -> None:
        self._begin = begin
        self._awake = threading.Event()
        self.look = self._awake.set  # looks for saved files now
        self._recording = threading.Lock()  # is held from the moment that a verdict is shown until it is recorded
        self._asked: queue.SimpleQueue[Action] = queue.SimpleQueue()
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()
        self._latest: Snapshot = {}
        self._closed = self._resting = False
        self._session: WatchSession | None = None
        self.thread = threading.Thread(target=self._run, name=f"kata {slug}", daemon=True)
        self.thread.start()

    def join(self, listener: Listener) -> None:
        """Send this listener every snapshot from now on, beginning with the latest."""
        with self._lock:
            self._listeners.append(listener)
            if self._latest:
                listener(self._latest)
        self._awake.set()

    def leave(self, listener: Listener) -> None:
        with self._lock:
            self._listeners.remove(listener)

    def do(self, action: Action) -> None:
        """Have an action performed by the session's thread."""
        self._asked.put(action)
        self._awake.set()

    def close(self) -> None:
        """End the thread and the streams of events."""
        self._closed = True
        self._awake.set()
        with self._lock:
            for listener in self._listeners:
                listener(None)

    def settle(self) -> None:
        """Wait until the last verdict that the pages have seen is recorded as progress, but not for a slow disk."""
        if self._recording.acquire(timeout=SETTLED_S):
            self._recording.release()

    @property
    def alive(self) -> bool:
        return self.thread.is_alive() and not self._closed

    def _run(self) -> None:
        idle_s = 0.0
        try:
            while not self._closed and idle_s < IDLE_S:
                pause = self._step(idle_s)
                woken = self._awake.wait(pause)
                self._awake.clear()
                idle_s = 0.0 if self._listeners else idle_s + (0.0 if woken else pause)
        finally:
            self._closed = True
            if self._session is not None:
                self._session.close()

    def _step(self, idle_s: float) -> float:
        """Look for saves and verdicts, do what the pages have asked for, and return how long to wait at most.

        A fault is shown in the page, and the next step tries again: otherwise every open page would lose its events.
        """
        try:
            if self._session is None:
                self._session = self._begin(self._awake.set)
            session = self._session
            session.look()
            while not self._asked.empty():
                self._asked.get()(session)
            if idle_s >= LEFT_S and session.state.started is not None:  # no page waits for this grading
                session.stop()
                self._resting = True
            elif self._listeners and self._resting:
                self._resting = False
                session.grade()
            session.news.clear()
            with self._recording:
                self._publish(snapshot(session.state))
                session.keep()
            return LOOK_MORE_S if session.state.started is not None else session.pause_s
        except Exception as raised:  # noqa: BLE001
            fault = str(raised) if isinstance(raised, KataError) else traceback.format_exc()
            if self._session is not None:
                self._session.state.notes = [Event("said", (fault,))]
            self._publish(self._latest | {"notes": [fault]})
            return AFTER_FAULT_S

    def _publish(self, found: Snapshot) -> None:
        with self._lock:
            if found != self._latest:
                self._latest = found
                for listener in self._listeners:
                    listener(found)


class LiveKatas:
    """All open katas of a repository, opened when a page asks for them. Puzzles are katas, too."""

    def __init__(self, root: Path, judge: Judge) -> None:
        self.root, self._judge = root, judge
        self._turn = threading.Lock()  # of several open katas, one is graded at a time
        self.tryouts = Tryouts(judge)
        self.trainings = Trainings(judge, KeptTrainings(root / ".katas" / "trainings"))
        self._open: dict[str, LiveKata] = {}
        self._lock = threading.Lock()
        self.trainings.resume(self.kata)

    def kata(self, slug: str) -> Kata:
        """Return a kata or a puzzle. Raises KataError if there is none."""
        if is_puzzle(slug):
            found: Kata = puzzle_room().kata_of(self.root, slug)
            return found
        return catalogue.load(self.root, slug, complete=False)

    def get(self, slug: str) -> LiveKata:
        """Return an open kata. Raises KataError if there is no such kata."""
        self.kata(slug)
        with self._lock:
            found = self._open.get(slug)
            if found is None or not found.alive:
                found = self._open[slug] = LiveKata(partial(self._begun, slug), slug)
            return found

    def _begun(self, slug: str, wake: Callable[[], None]) -> WatchSession:
        if is_puzzle(slug):
            found: WatchSession = puzzle_room().session(self.root, slug, self._judge, wake, self._turn)
            return found
        return WatchSession(opened(self.root, slug), self._judge, wake, self._turn)

    def settle(self, slug: str) -> None:
        """Wait until what the pages of a kata show is recorded."""
        if slug in self._open:
            self._open[slug].settle()

    def end(self) -> None:
        """End all streams of events, the lines and the training that run, and let the threads end."""
        self.tryouts.stop()
        self.trainings.stop()
        for each in list(self._open.values()):
            each.close()

    def close(self) -> None:
        self.end()
        self.tryouts.close()
        self.trainings.close()
        for each in self._open.values():
            each.thread.join(5.0)


def readable(root: Path) -> tuple[list[Kata], dict[str, str]]:
    """Return the katas in the recommended order, and the message about each kata.toml that cannot be read, by slug."""
    katas, faults = [], {}
    for slug in catalogue.slugs(root):
        try:
            katas.append(catalogue.load(root, slug, complete=False))
        except KataError as fault:
            faults[slug] = str(fault)
    return catalogue.in_order(katas), faults


class PageState(State):
    """The state of a kata's page. The other katas are read only when the page names the next one, once per verdict."""

    _found: tuple[Verdict | None, tuple[Kata, str] | None] | None = None

    @property
    def following(self) -> tuple[Kata, str] | None:
        if self._found is None or self._found[0] is not self.verdict:
            katas, _ = readable(self.kata.root)
            done = {self.kata.slug: Standing(self.kata.slug, done_on="now")}
            known = {kata.slug: Standing(kata.slug) for kata in katas} | self.standings | done
            self._found = self.verdict, next_kata(katas, known)
        return self._found[1]


def opened(root: Path, slug: str) -> PageState:
    """Return the state of a page that has just been opened. Raises KataError if the kata cannot be read."""
    kata = catalogue.load(root, slug, complete=False)
    standings, _, warning = reached(root, sorted({*catalogue.slugs(root), slug}), wait_s=PATIENCE_S)
    return PageState([kata], standings, kata, notes=[Event("said", (warning,))] if warning else [], in_page=True)


# ---------------------------------------------------------------------------- what a page's buttons do


def stop(session: WatchSession) -> None:
    session.stop()
    session.state.notes = [Event("stopped")]


def reset(session: WatchSession) -> None:
    session.key("r")
    with WRITING:  # so that nothing is saved between the backup and the stubs
        session.key("y")
    session.state.hints, session.state.hints_left = (), 0


def again(session: WatchSession) -> None:
    """Grade the files as they are."""
    if session.state.started is None:
        session.state.notes = []
        session.grade_again()


def show_tests(session: WatchSession, visible: bool) -> None:
    """Grade with the visible tests only, or with all tests."""
    if session.state.visible != visible:
        session.key("c")


ACTIONS: dict[str, Action] = {
    "grade": again,
    "stop": stop,
    "hint": lambda session: session.key("h"),
    "reset": reset,
    "plot": lambda session: session.key("p"),
}
