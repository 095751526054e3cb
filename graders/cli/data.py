"""`katas data`: the data sets, those that are here and those that can be fetched."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from graders.dataroom.download import Watcher
    from graders.dataroom.sources import DataSet

app = typer.Typer(
    help="List and fetch the data sets that katas train on.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The data set, e.g. mnist; `katas data list` has them.")]


@app.command("list")
def list_() -> None:
    """List the data sets, and which of them are here."""
    from graders.dataroom import sources

    print("\n\n".join(_described(name, source) for name, source in sources.table().items()))


@app.command()
def fetch(name: Name) -> None:
    """Download a data set and make it ready.

    A download that broke off, by Ctrl-C too, goes on where it stopped.

    Exit status: 0 it is there, 2 it could not be had, 130 interrupted.
    """
    from graders import dataroom

    with _watched() as watcher:
        folder = dataroom.fetch(name, watcher)
    print(f"ready: {folder}")


@app.command()
def path(name: Name) -> None:
    """Print the folder of a data set's arrays.

    Exit status: 0, or 2 where it must be fetched first.
    """
    from graders import dataroom

    print(dataroom.folder(name))


def _described(name: str, source: DataSet) -> str:
    """A data set within 80 columns; plain text, as `katas list` has it."""
    from graders.dataroom import arrived, sources

    if source.embedded:
        state, size = "embedded", f"{source.megabytes:.1f} MB"
    else:
        state = "fetched" if sources.place_of(name).is_dir() else "not fetched"
        size = f"{sources.in_words(source.download)} to download, {source.megabytes:.1f} MB made of them"
        if state == "not fetched" and (here := arrived(name)):
            state += f", {sources.in_words(here)} of the download here"
    told = [source.title, f"size: {size}", f"from: {source.source}", f"licence: {source.licence}"]
    lines = [line for each in told for line in textwrap.wrap(each, 76, subsequent_indent="  ")]
    return "\n    ".join([f"{name} ({state})", *lines, f"folder: {sources.place_of(name) / 'shown'}"])


@contextmanager
def _watched() -> Iterator[Watcher]:
    """Who tells a person how a download goes on: lines on standard error, and on a terminal a bar."""
    from graders.dataroom.download import Watcher
    from graders.dataroom.sources import in_words

    class Lines(Watcher):
        def begin(self, name: str, url: str, done: int, whole: int) -> None:
            del name
            here = f", of which {in_words(done)} are here" if done else ""
            self.say(f"{url}: {in_words(whole)}{here}")

        def say(self, line: str) -> None:
            print(line, file=sys.stderr, flush=True)

    if not sys.stderr.isatty():
        yield Lines()
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=None),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:

        class Bar(Lines):
            task = progress.add_task("", visible=False)

            def begin(self, name: str, url: str, done: int, whole: int) -> None:
                del url
                progress.remove_task(self.task)
                self.task = progress.add_task(name, completed=done, total=whole)

            def advance(self, count: int) -> None:
                progress.advance(self.task, count)

            def say(self, line: str) -> None:
                progress.console.print(line, markup=False, highlight=False, soft_wrap=True)

        yield Bar()
