"""Show progress on standard error, with rich's bars and spinners on a terminal and lines of text elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress

LINE_S = 30.0  # without a terminal, a long command says at most this often how far it is


def progress_bar() -> Progress:
    """Return a progress bar with a rate and the time left. It is invisible if standard error is not a terminal."""
    from rich import progress
    from rich.console import Console
    from rich.text import Text

    class RateColumn(progress.ProgressColumn):  # rich's own counts bytes
        def render(self, task: progress.Task) -> Text:
            return Text(f"{task.speed:.1f}/s" if task.speed else "")

    text, bar, count = progress.TextColumn("{task.description}"), progress.BarColumn(16), progress.MofNCompleteColumn()
    columns = (text, bar, count, RateColumn(), progress.TimeRemainingColumn())
    return progress.Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True)


class LineReporter:
    """Prints a line about the progress at most every `every_s` seconds if standard error is not a terminal."""

    def __init__(self, total: int, every_s: float = 60.0) -> None:
        self.total, self.every_s = total, every_s
        self.done = 0
        self.started = self.last = time.monotonic()

    def is_due(self) -> bool:
        """Return whether a line is due, and start the next interval if it is."""
        now = time.monotonic()
        if sys.stderr.isatty() or now - self.last < self.every_s:
            return False
        self.last = now
        return True

    def advance(self, doing: str) -> None:
        """Count one more item as done, and print a line if one is due. `doing` says what is in progress."""
        self.done += 1
        if not self.is_due():
            return
        a_minute = 60 * self.done / (self.last - self.started)
        left = (self.total - self.done) / a_minute
        line = f"{self.done} of {self.total}, {a_minute:.1f} a minute, about {left:.0f} min left"
        print(f"katas: {doing}: {line}", file=sys.stderr, flush=True)


@contextmanager
def step_reporter(text: str) -> Iterator[Callable[[object], None]]:
    """Yield a function that shows what begins: on a terminal at once, with the elapsed time; elsewhere, a line if it is
    LINE_S since the last one."""
    if sys.stderr.isatty():
        with timed_spinner(f"{text}: preparing the tests") as show:
            yield lambda step: show(f"{text}: {step}")
        return
    reporter = LineReporter(1, LINE_S)

    def say(step: object) -> None:
        if reporter.is_due():
            print(f"katas: {text}: {step}", file=sys.stderr, flush=True)

    yield say


@contextmanager
def spinner(text: str) -> Iterator[Callable[[str], None]]:
    """Show a text and a spinner on a terminal, and nothing elsewhere. Yields a function that replaces the text."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status(text) as status:
        yield status.update


@contextmanager
def timed_spinner(text: str) -> Iterator[Callable[[str], None]]:
    """Show a text, a spinner and the elapsed seconds on a terminal, and print one line of text elsewhere.

    Yields a function that replaces the text on a terminal.
    """
    if not sys.stderr.isatty():
        print(f"{text} …", file=sys.stderr, flush=True)
        yield lambda _: None
        return
    from rich import progress
    from rich.console import Console

    columns = (progress.SpinnerColumn(), progress.TimeElapsedColumn(), progress.TextColumn("{task.description}"))
    with progress.Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task(text, total=None)
        yield lambda other: shown.update(task, description=other)
