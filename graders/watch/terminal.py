"""The terminal while `katas watch` has it: keys one by one, the alternate screen, and all as it was afterwards."""

from __future__ import annotations

import contextlib
import os
import re
import select
import signal
import sys
import termios
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

ENDING = (signal.SIGTERM, signal.SIGHUP)
REST_S = 0.05  # for the rest of a key that a slow line has torn apart
SUSPEND = "\x1a"
_SIGN = re.compile(r"\x1b\[[0-9;?]*[@-~]|\x1bO[A-Za-z]|.", re.DOTALL)
_TORN = re.compile(r"\x1b(\[[0-9;?]*|O)?\Z")
_NAMES = {"\x1b": "esc", "\n": "enter", "\r": "enter"}
_NAMES |= {f"\x1b{sign}{letter}": name for sign in "[O" for letter, name in (("A", "up"), ("B", "down"))}
_NAMES |= {"\x1b[5~": "page up", "\x1b[6~": "page down"}


class Wake:
    """A pipe that ends a wait: other threads and signals write to it, the loop reads."""

    def __init__(self) -> None:
        self.reading, self.writing = os.pipe()
        os.set_blocking(self.reading, False)
        os.set_blocking(self.writing, False)

    def __call__(self) -> None:
        with contextlib.suppress(OSError):  # full: then it will be read anyway; closed: there is nobody to wake
            os.write(self.writing, b".")

    def wait(self, seconds: float, *others: int) -> set[int]:
        """The descriptors that have something to read, after at most so many seconds."""
        ready = set(select.select([self.reading, *others], [], [], seconds)[0])
        if self.reading in ready:
            with contextlib.suppress(BlockingIOError):
                while os.read(self.reading, 4096):
                    pass
        return ready


@contextlib.contextmanager
def signals(wake: Wake) -> Iterator[None]:
    """Signals to end do so by SystemExit, as they should where something is to be put back; a new size wakes."""

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
    """Keys and pictures. To be used in a `with`; what is left behind is the terminal as it was found."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.keyboard = sys.stdin.fileno()
        self._live: Any = None
        self._before: list[Any] = []
        self._shown: object = None

    def __enter__(self) -> Screen:
        from rich.live import Live

        self._before = termios.tcgetattr(self.keyboard)
        self._shown = None
        try:
            wanted = termios.tcgetattr(self.keyboard)
            wanted[3] &= ~(termios.ECHO | termios.ICANON)
            wanted[6][termios.VMIN], wanted[6][termios.VTIME] = 1, 0
            wanted[6][termios.VSUSP] = b"\0"  # Ctrl-Z comes as a key: the screen is put back before we stop
            termios.tcsetattr(self.keyboard, termios.TCSADRAIN, wanted)
            self._live = Live(
                console=self.console, screen=True, auto_refresh=False, redirect_stdout=False, redirect_stderr=False
            )
            self._live.start()
        except BaseException:
            self.restore()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, fault: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.restore()

    def restore(self) -> None:
        """The terminal as it was; nothing may come between."""
        held = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, *ENDING])
        try:
            with contextlib.suppress(OSError, ValueError):  # of a terminal that is gone nothing has to be put back
                if self._live is not None:
                    self._live.stop()
            with contextlib.suppress(termios.error, OSError):
                termios.tcsetattr(self.keyboard, termios.TCSADRAIN, self._before)
        finally:
            self._live = None
            signal.pthread_sigmask(signal.SIG_SETMASK, held)

    def size(self) -> tuple[int, int]:
        """Columns and lines, as the terminal says now; whatever the environment said at the start."""
        try:
            columns, lines = os.get_terminal_size(self.console.file.fileno())
        except OSError:
            columns, lines = 80, 24
        columns, lines = columns or 80, lines or 24
        self.console.size = type(self.console.size)(columns, lines)
        return columns, lines

    def draw(self, picture: Text) -> None:
        """Show a picture; what is on the screen already is not written again."""
        shown = picture, self.console.size
        if shown != self._shown:
            self._shown = shown
            self._live.update(picture, refresh=True)

    def keys(self) -> list[str]:
        """What was typed since, by names or as letters. Raises EOFError when the terminal is gone."""
        return split(self.keyboard)

    def forget_typed(self) -> None:
        """Drop what was typed before a question was seen."""
        termios.tcflush(self.keyboard, termios.TCIFLUSH)

    def suspend(self) -> None:
        """Stop, as Ctrl-Z does everywhere, with whatever else the shell has started with us; go on when it says so."""
        self.restore()
        os.kill(0, signal.SIGTSTP)
        self.__enter__()


def split(keyboard: int) -> list[str]:
    """What can be read from a keyboard now, key by key. Raises EOFError when it is gone."""
    signs = typed(keyboard)
    while _TORN.search(signs) and select.select([keyboard], [], [], REST_S)[0]:
        signs += typed(keyboard)
    return [_NAMES.get(sign, sign) for sign in _SIGN.findall(signs)]


def typed(keyboard: int) -> str:
    """What can be read from a keyboard now. Raises EOFError when it is gone."""
    try:
        data = os.read(keyboard, 1024)
    except OSError:
        data = b""
    if not data:
        raise EOFError
    return data.decode("utf-8", "ignore")
