"""What a command that takes its time shows on standard error: how far it is, or what it waits for."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any


def progress_bar() -> Any:
    """A bar on standard error with a rate and the time left; none where that is no terminal."""
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        ProgressColumn,
        Task,
        TextColumn,
        TimeRemainingColumn,
    )
    from rich.text import Text

    class RateColumn(ProgressColumn):
        def render(self, task: Task) -> Text:
            return Text(f"{task.speed:.1f}/s" if task.speed else "")

    columns = (
        TextColumn("{task.description}"),
        BarColumn(16),
        MofNCompleteColumn(),
        RateColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True)


class Teller:
    """Where there is no terminal for a bar: a line now and then on standard error, how far it is and what is left."""

    def __init__(self, total: int, every_s: float = 60.0) -> None:
        self.total, self.every_s = total, every_s
        self.done = 0
        self.begun = self.last = time.monotonic()

    def advance(self, doing: str) -> None:
        """One more is done; `doing` is what is being done."""
        self.done += 1
        now = time.monotonic()
        if sys.stderr.isatty() or now - self.last < self.every_s:
            return
        self.last = now
        a_minute = 60 * self.done / (now - self.begun)
        left = (self.total - self.done) / a_minute
        said = f"{self.done} of {self.total}, {a_minute:.1f} a minute, about {left:.0f} min left"
        print(f"katas: {doing}: {said}", file=sys.stderr, flush=True)


@contextmanager
def wheel(text: str) -> Iterator[Callable[[str], None]]:
    """A text beside a wheel that turns; what is yielded puts another in its place. Without a terminal, nothing."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status(text) as status:
        yield status.update


@contextmanager
def waiting(doing: str) -> Iterator[None]:
    """Says on standard error what is going on; on a terminal with a wheel that turns and the seconds."""
    if not sys.stderr.isatty():
        print(f"{doing} …", file=sys.stderr, flush=True)
        yield
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    columns = (SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        progress.add_task(doing, total=None)
        yield
