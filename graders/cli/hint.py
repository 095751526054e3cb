"""`katas hint`: show the hints from a kata's README, one at a time."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from graders import catalogue
from graders.cli.options import Slug
from graders.cli.session import Invocation
from graders.output.paragraphs import folded


def hint(
    slug: Slug,
    number: Annotated[
        int | None, typer.Argument(metavar="N", help="The number of the hint; by default, the next new one.", min=1)
    ] = None,
) -> None:
    """Show a kata's hints one at a time, the smallest first."""
    from graders.learner import guidance
    from graders.learner.progress import Progress

    kata = catalogue.load(Invocation.root, slug)
    with Progress.of(Invocation.root) as progress:
        print(folded(guidance.hint(kata, number, progress), sys.stdout))
