"""Katas that are open in a browser: each has a watch session in a thread of its own, which tells its listeners."""

from __future__ import annotations

import queue
import threading
import traceback
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any
from urllib.parse import quote

from graders import catalogue
from graders.errors import KataError
from graders.judge.client import Judge
from graders.learner import guidance
from graders.learner.serve import pane
from graders.learner.serve.files import WRITING, names_of, read
from graders.learner.serve.markdown import to_html
from graders.learner.watch.session import WatchSession, opened
from graders.learner.watch.state import State
from graders.learner.watch.view import activity
from graders.verdict import Verdict

Snapshot = dict[str, Any]
Listener = Callable[[Snapshot], None]
IDLE_S = 30.0  # a kata that no page shows is closed after this long
LEFT_S = 2.0  # its grading is cancelled after this long, so that another kata's can begin; a reload takes less
LOOK_MORE_S = 0.25  # how often the elapsed time of a long grading is sent


class SharedJudge:
    """One judge for several open katas: it grades for one thread at a time."""

    def __init__(self, judge: Judge) -> None:
        self._judge, self._turn = judge, threading.Lock()

    def grade(
        self,
        slug: str,
        *,
        visible: bool = False,
        until: int | None = None,
        tasks: Collection[str] = (),
        tell: Callable[[Verdict], None] | None = None,
    ) -> Verdict:
        with self._turn:
            return self._judge.grade(slug, visible=visible, until=until, tasks=tasks, tell=tell)

    def close(self) -> None:
        """Do nothing: the judge outlives each open kata."""


class LiveKata:
    """A kata that is open in a page. Other threads call `do`, `join` and `leave`."""

    def __init__(self, root: Path, slug: str, judge: SharedJudge) -> None:
        self._state = opened(root, slug)
        self._judge = judge
        self._awake = threading.Event()
        self._asked: queue.SimpleQueue[Callable[[WatchSession], object]] = queue.SimpleQueue()
        self._listeners: list[Listener] = []
        self._lock = threading.Lock()
        self._latest: Snapshot = {}
        self._closed = self._resting = False
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
        self._closed = True
        self._awake.set()

    @property
    def alive(self) -> bool:
        return self.thread.is_alive() and not self._closed

    def _run(self) -> None:
        session = WatchSession(self._state, self._judge, self._awake.set, in_page=True)
        idle_s = 0.0
        try:
            while not self._closed and idle_s < IDLE_S:
                self._publish(session)
                session.keep()
                pause = LOOK_MORE_S if session.state.started is not None else session.pause_s
                woken = self._awake.wait(pause)
                self._awake.clear()
                self._look(session)
                idle_s = 0.0 if self._listeners else idle_s + (0.0 if woken else pause)
                self._rest(session, idle_s)
        finally:
            self._closed = True
            session.close()

    def _rest(self, session: WatchSession, idle_s: float) -> None:
        """Cancel the grading that no page waits for, and start it again for the next page."""
        if idle_s >= LEFT_S and session.state.started is not None:
            session.stop()
            self._resting = True
        elif self._listeners and self._resting:
            self._resting = False
            session.grade()

    def _look(self, session: WatchSession) -> None:
        """Look for saves and verdicts, and perform what the pages have asked for."""
        try:
            session.look()
            while not self._asked.empty():
                self._asked.get()(session)
        except Exception:  # noqa: BLE001 (shown in the page; otherwise every open page would lose its events)
            session.state.notes = [traceback.format_exc()]

    def _publish(self, session: WatchSession) -> None:
        session.news.clear()
        try:
            found = snapshot(session.state)
        except KataError as fault:
            found = {"notes": [str(fault)]}
        except Exception:  # noqa: BLE001 (shown in the page; the next change tries again)
            found = {"notes": [traceback.format_exc()]}
        with self._lock:
            if found != self._latest:
                self._latest = found
                for listener in self._listeners:
                    listener(found)


class LiveKatas:
    """All open katas of a repository, opened when a page asks for them."""

    def __init__(self, root: Path, judge: Judge) -> None:
        self.root, self.judge = root, SharedJudge(judge)
        self._open: dict[str, LiveKata] = {}
        self._lock = threading.Lock()

    def get(self, slug: str) -> LiveKata:
        """Return an open kata. Raises KataError if there is no such kata."""
        catalogue.load(self.root, slug, complete=False)
        with self._lock:
            found = self._open.get(slug)
            if found is None or not found.alive:
                found = self._open[slug] = LiveKata(self.root, slug, self.judge)
            return found

    def close(self) -> None:
        for each in self._open.values():
            each.close()
        for each in self._open.values():
            each.thread.join(5.0)


def snapshot(state: State) -> Snapshot:
    """Return what a page shows of a kata. It is the learner's view: nothing hidden is in it."""
    kata = state.kata
    following = state.following if state.done else None
    readme = kata.folder / "README.md"
    return {
        "slug": kata.slug,
        "status": None if state.verdict is None or state.verdict.untouched else state.verdict.status,
        "score": pane.headline(state),
        "grading": state.started is not None,
        "activity": activity(state, _when(state)),
        "verdict": pane.rendered(state),
        "notes": list(state.notes),
        "hints": [to_html(f"**{hint.title}**\n\n{hint.body}", readme, kata.root) for hint in state.hints],
        "hints_left": state.hints_left if state.hints else len(guidance.hints_of(kata)),
        "visible": state.visible,
        "done": state.done,
        "next": {"slug": following[0].slug, "title": following[0].title} if following else None,
        "files": {name: read(kata, name).digest or None for name in names_of(kata)},
        "pictures": _pictures(state),
    }


def _when(state: State) -> str:
    """Return when the verdict came and how long it took; nothing if there was nothing to grade."""
    graded = state.verdict is not None and not state.verdict.untouched
    return f"{state.graded_at}, {state.seconds:.2f} s" if graded else ""


def _pictures(state: State) -> list[str]:
    """Return the addresses of the pictures that the kata's programs have drawn."""
    folder = state.kata.root / ".katas" / "pictures"
    found = []
    for path in sorted(folder.glob(f"{state.kata.slug}-*.png")):
        try:
            found.append(f"/drawn/{quote(path.name)}?{path.stat().st_mtime_ns}")
        except OSError:
            continue
    return found


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
