"""`katas again`: solve an exercise once more, from memory."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Annotated

import typer

from graders import catalogue
from graders.cli import examples
from graders.cli.session import Invocation


def again(
    slug: Annotated[
        str | None,
        typer.Argument(
            metavar="SLUG",
            help="The exercise; by default, the one that you have not solved for longest.",
            autocompletion=examples.slugs,
        ),
    ] = None,
    days: Annotated[
        int | None, typer.Option(help="Offer exercises not solved for N days; by default, 3.", metavar="N", min=0)
    ] = None,
) -> None:
    """Solve an exercise once more, from memory.

    This creates a fresh stub in .katas/again/, where all commands work. The file with which you passed stays as it is,
    and your progress keeps its points: repetitions are recorded apart.
    """
    from graders.learner import again as repetition
    from graders.learner.progress import Progress

    root, today = Invocation.root, datetime.datetime.now().astimezone().date()
    katas = catalogue.load_all(root)
    if slug is not None:
        catalogue.load(root, slug)  # rejects an unknown kata
    with Progress.of(root) as progress:
        standings = progress.standings([kata.slug for kata in katas])
        passed = repetition.passed_exercises(katas, standings, progress)
    waiting = repetition.DAYS if days is None else days
    if slug is not None:
        found = repetition.chosen(passed, slug, {kata.slug: kata for kata in katas})
    else:
        due = repetition.due(passed, today, waiting)
        if due is None:
            print(repetition.nothing_due(passed, waiting))
            return
        found = due
    place, new = repetition.prepare(found)
    print(repetition.instructions(found, place, today, new=new, start=Path.cwd()))
