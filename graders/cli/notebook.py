"""`katas notebook`: write a kata as a Jupyter notebook."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graders import catalogue
from graders.cli.options import Slug
from graders.cli.session import Invocation


def notebook(
    slug: Slug,
    output: Annotated[
        Path | None, typer.Option(help="The file to write; SLUG.ipynb by default.", metavar="FILE")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write a kata as a Jupyter notebook that grades itself."""
    from graders.learner.notebook_file import check, written
    from graders.output import delivery

    kata = catalogue.load(Invocation.root, slug)
    place = output or Path(f"{slug}.ipynb")
    check(place, force=force)
    delivery.check(place)
    delivery.deliver(written(kata, place.absolute().parent), place)
    print(f"written: {place}; open it in VS Code, or: pip install jupyterlab; jupyter lab {place}")
