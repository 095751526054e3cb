"""`katas data`: list and download data sets."""

from __future__ import annotations

import sys
import textwrap
from typing import TYPE_CHECKING, Annotated

import typer

from graders import datasets
from graders.datasets import sources
from graders.datasets.download import Watcher
from graders.datasets.sources import in_words

if TYPE_CHECKING:
    from rich.progress import Progress

app = typer.Typer(
    help="List and download the data sets that katas train on.", no_args_is_help=True, rich_markup_mode=None
)

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="The data set, e.g. mnist. `katas data list` lists them all.")
]


@app.command("list")
def list_() -> None:
    """List the data sets, and show which are on this machine."""
    print("\n\n".join(map(_described, sources.table())))


@app.command()
def fetch(name: Name) -> None:
    """Download a data set and prepare it for use.

    An interrupted download continues where it stopped.

    Exit status: 0 the data set is ready, 2 it could not be downloaded, 130 interrupted.
    """
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), disable=not sys.stderr.isatty(), transient=True) as progress:
        folder = datasets.fetch(name, _Display(progress))
    print(f"ready: {folder}")


@app.command()
def path(name: Name) -> None:
    """Print the folder that holds a data set's arrays.

    Exit status: 0, or 2 if the data set must be fetched first.
    """
    print(datasets.folder(name))


class _Display(Watcher):
    """A watcher that shows a bar on a terminal, with messages above it, and otherwise lines on standard error."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def begin(self, name: str, url: str, done: int, whole: int) -> None:
        if self._progress.disable:
            resumed = f", {in_words(done)} already downloaded" if done else ""
            self.say(f"{url}: {in_words(whole)}{resumed}")
        for task in self._progress.task_ids:
            self._progress.remove_task(task)
        self._progress.add_task(name, completed=done, total=whole)

    def advance(self, count: int) -> None:
        self._progress.advance(self._progress.task_ids[-1], count)

    def say(self, line: str) -> None:
        self._progress.console.print(line, markup=False, emoji=False, highlight=False, soft_wrap=True)


def _described(name: str) -> str:
    source, place, downloads = sources.source(name), sources.place_of(name), sources.downloads_of(name)
    if source.embedded:
        state, size = "embedded", f"{source.megabytes:.1f} MB"
    else:
        state = "fetched" if place.is_dir() else "not fetched"
        size = f"{in_words(source.download)} to download, {source.megabytes:.1f} MB unpacked"
        here = sum(path.stat().st_size for path in downloads.glob("*"))
        if here and not place.is_dir():
            state += f", {in_words(here)} already downloaded"
    facts = [source.title, f"size: {size}", f"from: {source.source}", f"licence: {source.licence}"]
    lines = [line for each in facts for line in textwrap.wrap(each, 76, subsequent_indent="  ")]
    return "\n    ".join([f"{name} ({state})", *lines, f"folder: {place / 'shown'}"])
