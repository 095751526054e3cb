"""`katas data`: list and download data sets."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from graders.datasets.sources import DataSet

app = typer.Typer(
    help="List and download the data sets that katas train on.",
    no_args_is_help=True,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

Name = Annotated[
    str, typer.Argument(metavar="NAME", help="The data set, e.g. mnist. `katas data list` lists them all.")
]


@app.command("list")
def list_() -> None:
    """List the data sets, and show which are on this machine."""
    from graders.datasets import sources

    print("\n\n".join(_described(name, source) for name, source in sources.table().items()))


@app.command()
def fetch(name: Name) -> None:
    """Download a data set and prepare it for use.

    An interrupted download continues where it stopped.

    Exit status: 0 the data set is ready, 2 it could not be downloaded, 130 interrupted.
    """
    from graders import datasets
    from graders.cli.download_progress import watched

    with watched() as watcher:
        folder = datasets.fetch(name, watcher)
    print(f"ready: {folder}")


@app.command()
def path(name: Name) -> None:
    """Print the folder that holds a data set's arrays.

    Exit status: 0, or 2 if the data set must be fetched first.
    """
    from graders import datasets

    print(datasets.folder(name))


def _described(name: str, source: DataSet) -> str:
    from graders.datasets import arrived, sources

    if source.embedded:
        state, size = "embedded", f"{source.megabytes:.1f} MB"
    else:
        state = "fetched" if sources.place_of(name).is_dir() else "not fetched"
        size = f"{sources.in_words(source.download)} to download, {source.megabytes:.1f} MB unpacked"
        if state == "not fetched" and (here := arrived(name)):
            state += f", {sources.in_words(here)} already downloaded"
    facts = [source.title, f"size: {size}", f"from: {source.source}", f"licence: {source.licence}"]
    lines = [line for each in facts for line in textwrap.wrap(each, 76, subsequent_indent="  ")]
    return "\n    ".join([f"{name} ({state})", *lines, f"folder: {sources.place_of(name) / 'shown'}"])
