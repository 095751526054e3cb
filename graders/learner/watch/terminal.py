"""The two displays of `katas watch`: plain lines of text, and a full screen that reads single keys."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import sys
import termios
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.live import Live
from rich.text import Text

from graders.judge.client import Judge
from graders.learner.watch import view
from graders.learner.watch.session import State, WatchSession

ENDING = (signal.SIGTERM, signal.SIGHUP)
REST_S = 0.05  # how long to wait, on a slow line, for the rest of a key's escape sequence
SUSPEND = "\x1a"
_SIGN = re.compile(r"\x1b\[[0-9;?]*[@-~]|\x1bO[A-Za-z]|.", re.DOTALL)
_TORN = re.compile(r"\x1b(\[[0-9;?]*|O)?\Z")
_NAMES = {"\x1b": "esc", "\n": "enter", "\r": "enter", "\x1b[5~": "page up", "\x1b[6~": "page down"}
_NAMES |= {f"\x1b{sign}{letter}": name for sign in "[O" for letter, name in (("A", "up"), ("B", "down"))}
KEYS = "n next, f next failure, h hint, l list, c other tests, p plot, r reset, q quit"
_WIDEST = 100


def watch(judge: Judge, state: State, *, plain: bool) -> None:
    """Watch until the learner quits. KeyboardInterrupt and SystemExit propagate once the terminal is restored."""
    wake, display = Wake(), _page if plain else _screen
    with (
        signals(wake),
        contextlib.closing(judge),
        contextlib.closing(WatchSession(state, judge, wake)) as session,
        contextlib.suppress(EOFError),
    ):
        display(session, wake)


def _screen(session: WatchSession, wake: Wake) -> None:
    with Screen(Console()) as screen:
        while True:
            screen.draw(session)
            session.keep()
            if session.news:
                screen.draw(session)
            ready = wake.wait(session.pause_s, screen.keyboard)
            session.look()
            for key in split(screen.keyboard) if screen.keyboard in ready else []:
                if key == SUSPEND:
                    screen.suspend()
                elif not session.key(key):
                    return
                elif session.state.asking:  # keys typed before the question appeared are not an answer
                    termios.tcflush(screen.keyboard, termios.TCIFLUSH)
                    break


def _page(session: WatchSession, wake: Wake) -> None:
    console, state = Console(highlight=False), session.state
    width = min(console.width, _WIDEST) if console.is_terminal else 80
    keyboard = sys.stdin.fileno() if sys.stdin is not None and sys.stdin.isatty() else None

    def show(*lines: Text) -> None:
        for line in lines:
            console.print(line, no_wrap=True, overflow="ignore", crop=False, highlight=False)
        sys.stdout.flush()

    keys = f" Keys, each followed by Enter: {KEYS}." if keyboard is not None else ""
    show(Text(f"Every save is graded; Ctrl-C quits.{keys}"))
    while True:
        while session.news:
            show(*view.news_lines(state, session.news.pop(0), console, width))
            session.keep()
        listening = [keyboard] if keyboard is not None and os.tcgetpgrp(keyboard) == os.getpgrp() else []
        ready = wake.wait(session.pause_s, *listening)
        session.look()
        if keyboard in ready:
            line = typed(keyboard).strip()
            if state.view == "list" and line.isdecimal() and 1 <= int(line) <= len(state.katas):
                state.choice = int(line) - 1
                session.key("enter")
            elif not all(session.key(key) for key in line):
                return


class Wake:
    """A pipe through which another thread or a signal handler can wake the main loop."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        os.set_blocking(self.reading, False)
        os.set_blocking(self.writing, False)

    def __call__(self) -> None:
        with contextlib.suppress(OSError):  # if the pipe is full, the loop wakes anyway; if it is closed, it has ended
            os.write(self.writing, b".")

    def wait(self, seconds: float, *others: int) -> set[int]:
        """Wait for at most `seconds`, and return the descriptors that can be read."""
        ready = set(select.select([self.reading, *others], [], [], seconds)[0])
        with contextlib.suppress(BlockingIOError):
            while os.read(self.reading, 4096):
                pass
        return ready


@contextlib.contextmanager
def signals(wake: Wake) -> Iterator[None]:
    """Turn termination signals into SystemExit, so that the terminal is restored. Wake the loop on a resize."""

    def end(number: int, _: Any) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, end) for number in ENDING}
    before[signal.SIGWINCH] = signal.signal(signal.SIGWINCH, lambda *_: wake())
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Screen:
    """The terminal in full-screen mode. Use it in a `with` statement, which restores the terminal at the end."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.keyboard = sys.stdin.fileno()
        self._live: Live | None = None
        self._shown: object = None

    def __enter__(self) -> Screen:
        self._before, self._shown = termios.tcgetattr(self.keyboard), None
        try:
            wanted = termios.tcgetattr(self.keyboard)
            wanted[3] &= ~(termios.ECHO | termios.ICANON)
            wanted[6][termios.VMIN], wanted[6][termios.VTIME] = 1, 0
            wanted[6][termios.VSUSP] = b"\0"  # Ctrl-Z arrives as a key, so that the screen is restored first
            termios.tcsetattr(self.keyboard, termios.TCSADRAIN, wanted)
            self._live = Live(
                console=self.console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
            )
            self._live.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        """Restore the terminal while signals are blocked."""
        held = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, *ENDING])
        try:
            with contextlib.suppress(OSError, ValueError):  # the terminal may be gone
                if self._live is not None:
                    self._live.stop()
            with contextlib.suppress(termios.error, OSError):
                termios.tcsetattr(self.keyboard, termios.TCSADRAIN, self._before)
        finally:
            self._live = None
            signal.pthread_sigmask(signal.SIG_SETMASK, held)

    def draw(self, session: WatchSession) -> None:
        """Draw the state in the terminal's present size (whatever environment variables say), unless it is shown."""
        session.news.clear()
        columns, lines = 0, 0
        with contextlib.suppress(OSError):
            columns, lines = os.get_terminal_size(self.console.file.fileno())
        self.console.size = size = type(self.console.size)(columns or 80, lines or 24)
        picture = view.picture(session.state, self.console, *size)
        if (picture, size) != self._shown and self._live is not None:
            self._shown = picture, size
            self._live.update(picture, refresh=True)

    def suspend(self) -> None:
        """Stop the process group, as Ctrl-Z does in other programs, and redraw when the shell continues the group."""
        self.__exit__()
        os.kill(0, signal.SIGTSTP)
        self.__enter__()


def split(keyboard: int) -> list[str]:
    """Return the keys that have been typed, as names or letters. Raises EOFError when the terminal is gone."""
    signs = typed(keyboard)
    while _TORN.search(signs) and select.select([keyboard], [], [], REST_S)[0]:
        signs += typed(keyboard)
    return [_NAMES.get(sign, sign) for sign in _SIGN.findall(signs)]


def typed(keyboard: int) -> str:
    """Read the text that has been typed. Raises EOFError when the terminal is gone."""
    try:
        data = os.read(keyboard, 1024)
    except OSError:
        data = b""
    if not data:
        raise EOFError
    return data.decode("utf-8", "ignore")
