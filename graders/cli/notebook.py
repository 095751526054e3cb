"""`katas notebook`: write a kata, or all exercises, as a Jupyter notebook."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graders import catalogue
from graders.cli import examples
from graders.cli.session import Invocation
from graders.errors import KataError


def notebook(
    slug: Annotated[
        str | None, typer.Argument(metavar="SLUG", help="The kata, e.g. exercise04.", autocompletion=examples.slugs)
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="Write all exercises into one notebook.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(help="The file to write; by default SLUG.ipynb, or exercises.ipynb with --all.", metavar="FILE"),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write a kata as a Jupyter notebook that grades itself."""
    from graders.learner import colab
    from graders.learner.notebook_file import check, written, written_together
    from graders.output import delivery

    if every == (slug is not None):
        raise KataError(
            "specify one kata, e.g. `katas notebook exercise03`, or write all exercises: `katas notebook --all`."
        )
    place = output or Path(f"{slug or 'exercises'}.ipynb")
    if slug:
        katas = [catalogue.load(Invocation.root, slug)]
    else:
        katas = [kata for kata in catalogue.load_all(Invocation.root) if kata.kind == "exercise"]
    if not katas:
        raise KataError(f"{Invocation.root}: there are no exercises. Choose a kata: `katas list` shows them.")
    check(place, force=force)
    delivery.check(place)
    beside = place.absolute().parent
    delivery.deliver(written(katas[0], beside) if slug else written_together(katas, place), place)
    print(f"written: {place}; open it in VS Code, or: pip install jupyterlab; jupyter lab {place}")
    if every and colab.address_of(Invocation.root) is None:
        print(colab.NO_ADDRESS)
