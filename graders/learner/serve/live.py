"""Katas that are open in a browser: each has a watch session in a thread of its own, which tells its listeners."""

from __future__ import annotations

import queue
import re
import sqlite3
import threading
import traceback
from collections.abc import Callable, Collection
from datetime import date
from pathlib import Path
from typing import Protocol

from graders import catalogue
from graders.catalogue import Kata
from graders.errors import KataError
from graders.judge.client import Judge
from graders.learner.progress import Progress, Standing, next_kata, place, streak
from graders.learner.serve.files import WRITING
from graders.learner.serve.pane import Snapshot, snapshot
from graders.learner.serve.tryout import Tryouts
from graders.learner.watch.grader import Judging
from graders.learner.watch.session import State, WatchSession
from graders.verdict import Verdict

Listener = Callable[[Snapshot | None], None]  # None: there will be no other snapshot
IDLE_S = 30.0  # a kata that no page shows is closed after this long
LEFT_S = 2.0  # its grading is cancelled after this long, so that another kata's can begin; a reload takes less
AFTER_FAULT_S = 1.0  # how long to wait before a step that failed is tried again
SETTLED_S = 2.0  # how long a request waits until a verdict is recorded
LOOK_MORE_S = 0.25  # how often the elapsed time of a long grading is sent
PATIENCE_S = 0.5  # how long a page waits for a locked progress file


class PuzzleRoom(Protocol):
    """What serves puzzles: the module graders.learner.serve.puzzles, which a handout may lack."""

    def kata_of(self, root: Path, slug: str) -> Kata: ...

    def session(
        self, root: Path, slug: str, judge: Judge, turn: threading.Lock, wake: Callable[[], None]
    ) -> WatchSession: ...


def is_puzzle(slug: str) -> bool:
    """Return whether this is the slug of a puzzle, e.g. `debug:17`, and not of a kata."""
    return re.fullmatch(r"debug:(0|[1-9][0-9]{0,9})", slug) is not None


class SharedJudge:
    """A judge for several open katas: it grades for one thread at a time.

    `turn` is the lock that several judges share, so that only one of them grades at a time. An `owned` judge is closed
    with the kata.
    """

    def __init__(self, judge: Judging, turn: threading.Lock | None = None, *, owned: bool = False) -> None:
        self._judge, self.turn, self._owned = judge, turn or threading.Lock(), owned

    def grade(
        self,
        slug: str,
        *,
        visible: bool = False,
        until: int | None = None,
        tasks: Collection[str] = (),
        tell: Callable[[Verdict], None] | None = None,
    ) -> Verdict:
        with self.turn:
            return self._judge.grade(slug, visible=visible, until=until, tasks=tasks, tell=tell)

    def close(self) -> None:
        """Close a judge that belongs to one open kata; every other judge outlives it."""
        if self._owned:
            self._judge.close()


class LiveKata:
    """A kata that is open in a page. Other threads call `do`, `join` and `leave`."""

    def __init__(self, begin: Callable[[Callable[[], None]], WatchSession], slug: str) -> None:
        self._begin = begin  # begins a session, which calls the given function when it has news
        self._awake = threading.Event()
        self._recording = threading.Lock()  # is held from the moment that a verdict is shown until it is recorded
        self._asked: queue.SimpleQueue[Callable[[WatchSession], object]] = queue.SimpleQueue()
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

    def do(self, action: Callable[[WatchSession], object]) -> None:
        """Have an action performed by the session's thread."""
        self._asked.put(action)
        self._awake.set()

    def look(self) -> None:
        """Look for saved files now."""
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
            self._rest(session, idle_s)
            session.news.clear()
            with self._recording:
                self._publish(snapshot(session.state))
                session.keep()
        except KataError as fault:
            self._failed(str(fault))
        except Exception:  # noqa: BLE001
            self._failed(traceback.format_exc())
        else:
            return LOOK_MORE_S if session.state.started is not None else session.pause_s
        return AFTER_FAULT_S

    def _rest(self, session: WatchSession, idle_s: float) -> None:
        """Cancel the grading that no page waits for, and start it again for the next page."""
        if idle_s >= LEFT_S and session.state.started is not None:
            session.stop()
            self._resting = True
        elif self._listeners and self._resting:
            self._resting = False
            session.grade()

    def _failed(self, fault: str) -> None:
        """Show a fault in every page."""
        if self._session is not None and fault not in self._session.state.notes:
            self._session.state.notes = [fault]
        self._publish(self._latest | {"notes": [fault]})

    def _publish(self, found: Snapshot) -> None:
        with self._lock:
            if found != self._latest:
                self._latest = found
                for listener in self._listeners:
                    listener(found)


class LiveKatas:
    """All open katas of a repository, opened when a page asks for them. Puzzles are katas, too.

    `puzzles` returns what serves them, or raises KataError if this copy has none.
    """

    def __init__(self, root: Path, judge: Judge, puzzles: Callable[[], PuzzleRoom]) -> None:
        self.root, self._judge, self._puzzles = root, judge, puzzles
        self._shared = SharedJudge(judge)
        self.tryouts = Tryouts(judge)
        self._open: dict[str, LiveKata] = {}
        self._lock = threading.Lock()

    def kata(self, slug: str) -> Kata:
        """Return a kata or a puzzle. Raises KataError if there is none."""
        if is_puzzle(slug):
            return self._puzzles().kata_of(self.root, slug)
        return catalogue.load(self.root, slug, complete=False)

    def get(self, slug: str) -> LiveKata:
        """Return an open kata. Raises KataError if there is no such kata."""
        self.kata(slug)
        with self._lock:
            found = self._open.get(slug)
            if found is None or not found.alive:
                found = self._open[slug] = LiveKata(lambda wake: self._begun(slug, wake), slug)
            return found

    def _begun(self, slug: str, wake: Callable[[], None]) -> WatchSession:
        if is_puzzle(slug):
            return self._puzzles().session(self.root, slug, self._judge, self._shared.turn, wake)
        return WatchSession(opened(self.root, slug), self._shared, wake, in_page=True)

    def settle(self, slug: str) -> None:
        """Wait until what the pages of a kata show is recorded."""
        found = self._open.get(slug)
        if found is not None:
            found.settle()

    def end(self) -> None:
        """End all streams of events and the lines that run, and let the threads end."""
        self.tryouts.stop()
        for each in list(self._open.values()):
            each.close()

    def close(self) -> None:
        self.end()
        self.tryouts.close()
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
    return sorted(katas, key=place), faults


def reached(root: Path, slugs: list[str]) -> tuple[dict[str, Standing], int, str, bool]:
    """Return the learner's standings, their days in a row, a warning, and whether the progress could be read."""
    try:
        with Progress.of(root, wait_s=PATIENCE_S) as progress:
            days = streak(progress.days(), date.today())
            return progress.standings(slugs), days, progress.warning, True
    except (KataError, sqlite3.Error) as fault:  # the katas can be done without it
        return {slug: Standing(slug) for slug in slugs}, 0, str(fault), False


class PageState(State):
    """The state of a kata's page. The other katas are read only when the page names the next one, once per verdict."""

    _found: tuple[Verdict | None, tuple[Kata, str] | None] | None = None

    @property
    def following(self) -> tuple[Kata, str] | None:
        if self._found is None or self._found[0] is not self.verdict:
            self._found = self.verdict, self._following()
        return self._found[1]

    def _following(self) -> tuple[Kata, str] | None:
        katas, _ = readable(self.kata.root)
        done = {self.kata.slug: Standing(self.kata.slug, done_on="now")}
        return next_kata(katas, {kata.slug: Standing(kata.slug) for kata in katas} | self.standings | done)


def opened(root: Path, slug: str) -> PageState:
    """Return the state of a page that has just been opened. Raises KataError if the kata cannot be read."""
    kata = catalogue.load(root, slug, complete=False)
    standings, _, warning, _ = reached(root, sorted({*catalogue.slugs(root), slug}))
    return PageState(katas=[kata], standings=standings, kata=kata, notes=[warning] if warning else [])


def stop(session: WatchSession) -> None:
    """Cancel the grading that is running."""
    session.stop()
    session.state.notes = ["Grading was stopped. Press Grade to start it again."]


def reset(session: WatchSession) -> None:
    """Restore the stubs; the learner's files are backed up."""
    session.key("r")
    with WRITING:  # so that nothing is saved between the backup and the stubs
        session.key("y")
    session.state.hints, session.state.hints_left = (), 0


def show_tests(visible: bool) -> Callable[[WatchSession], object]:
    """Return the action that grades with the visible tests only, or with all tests."""

    def act(session: WatchSession) -> None:
        if session.state.visible != visible:
            session.key("c")

    return act


def again(session: WatchSession) -> None:
    """Grade the files as they are."""
    if session.state.started is None:
        session.state.notes = []
        session.grade_again()


def key(name: str) -> Callable[[WatchSession], object]:
    """Return the action of one of the keys of `katas watch`."""
    return lambda session: session.key(name)
