"""The two displays of `katas watch`, which are a full screen and plain lines of text."""

from __future__ import annotations

import contextlib
import os
import sys

from rich.console import Console
from rich.text import Text

from graders.judge.client import Judge
from graders.learner.watch import view
from graders.learner.watch.session import WatchSession
from graders.learner.watch.state import State
from graders.learner.watch.terminal import SUSPEND, Screen, Wake, signals, typed

KEYS = "n next, f next failure, h hint, l list, c other tests, p plot, r reset, q quit"
_WIDEST = 100


def watch(judge: Judge, state: State, *, plain: bool) -> None:
    """Watch until the learner quits. KeyboardInterrupt and SystemExit propagate once the terminal is restored."""
    wake = Wake()
    display = _page if plain else _screen
    with signals(wake), contextlib.closing(WatchSession(state, judge, wake)) as session, contextlib.suppress(EOFError):
        display(session, wake)


def _screen(session: WatchSession, wake: Wake) -> None:
    console = Console()
    with Screen(console) as screen:

        def draw() -> None:
            session.news.clear()
            columns, lines = screen.size()
            screen.draw(view.picture(session.state, console, columns, lines))

        while True:
            draw()
            session.keep()
            if session.news:
                draw()
            ready = wake.wait(session.pause_s, screen.keyboard)
            session.look()
            keys = screen.keys() if screen.keyboard in ready else []
            for key in keys:
                if key == SUSPEND:
                    screen.suspend()
                elif not session.key(key):
                    return
                elif session.state.asking:  # keys typed before the question appeared are not an answer
                    screen.forget_typed()
                    break


def _page(session: WatchSession, wake: Wake) -> None:
    console = Console(highlight=False)
    width = min(console.width, _WIDEST) if console.is_terminal else 80
    keyboard = sys.stdin.fileno() if sys.stdin is not None and sys.stdin.isatty() else None

    def show(lines: list[Text]) -> None:
        for line in lines:
            console.print(line, no_wrap=True, overflow="ignore", crop=False, highlight=False)
        sys.stdout.flush()

    show(
        [
            Text(
                "Every save is graded; Ctrl-C quits."
                + (f" Keys, each followed by Enter: {KEYS}." if keyboard is not None else "")
            )
        ]
    )
    while True:
        while session.news:
            show(view.news_lines(session.state, session.news.pop(0), console, width))
            session.keep()
        listening = [keyboard] if keyboard is not None and os.tcgetpgrp(keyboard) == os.getpgrp() else []
        ready = wake.wait(session.pause_s, *listening)
        session.look()
        if keyboard in ready:
            line = typed(keyboard).strip()
            state = session.state
            if state.view == "list" and line.isdecimal() and 1 <= int(line) <= len(state.katas):
                state.choice = int(line) - 1
                session.key("enter")
            elif not all(session.key(key) for key in line):
                return
