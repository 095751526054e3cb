"""Show the progress of a download, as a bar on a terminal or otherwise as lines on standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from graders.datasets.download import Watcher
from graders.datasets.sources import in_words


class ProgressLines(Watcher):
    """A watcher that prints lines on standard error."""

    def begin(self, name: str, url: str, done: int, whole: int) -> None:
        del name
        resumed = f", {in_words(done)} already downloaded" if done else ""
        self.say(f"{url}: {in_words(whole)}{resumed}")

    def say(self, line: str) -> None:
        print(line, file=sys.stderr, flush=True)


class ProgressBar(Watcher):
    """A watcher that shows a bar on a terminal, with messages above it."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task = progress.add_task("", visible=False)

    def begin(self, name: str, url: str, done: int, whole: int) -> None:
        del url
        self._progress.remove_task(self._task)
        self._task = self._progress.add_task(name, completed=done, total=whole)

    def advance(self, count: int) -> None:
        self._progress.advance(self._task, count)

    def say(self, line: str) -> None:
        self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def watched() -> Iterator[Watcher]:
    """Yield a watcher that shows the progress of a download."""
    if not sys.stderr.isatty():
        yield ProgressLines()
        return
    columns: list[ProgressColumn] = [
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    ]
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield ProgressBar(progress)
