"""`katas explain`: explain a kata that you have passed."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from graders import catalogue
from graders.cli.options import Slug
from graders.cli.session import Invocation, say
from graders.output.paragraphs import width_of


def explain(
    slug: Slug,
    anyway: Annotated[
        bool, typer.Option("--anyway", help="Show the explanation even if you have not passed yet.")
    ] = False,
) -> None:
    """Explain why a kata's solution works, once you have passed.

    The text also shows other ways to write it, where PyTorch does it, and what goes wrong in practice. It ends with the
    answer to its question.
    """
    from graders.learner import guidance
    from graders.learner.progress import Progress
    from graders.output.terminal_markdown import shown

    kata = catalogue.load(Invocation.root, slug)
    with Progress.of(Invocation.root) as progress:
        text = guidance.explanation(kata, progress, anyway=anyway)
        early = not guidance.is_done(kata, progress)
    if early:
        say(f"katas: you have not passed {slug} yet. This explanation shows how others solve it.")
    print(shown(text, width_of(sys.stdout)))
