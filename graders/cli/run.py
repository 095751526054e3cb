"""`katas run`: run a kata's program as its author would."""

from __future__ import annotations

from typing import Annotated

import typer

from graders import catalogue
from graders.cli.options import Slug
from graders.cli.session import Invocation


def run_(
    context: typer.Context,
    slug: Slug,
    program: Annotated[
        str | None, typer.Option(help="The program to run, if the kata has several.", metavar="NAME")
    ] = None,
    against: Annotated[
        str | None, typer.Option(help="Run the program in this folder next to katas/, e.g. solutions.", metavar="TREE")
    ] = None,
) -> int:
    """Run a kata's program, which writes the files you submit.

    This runs `python PROGRAM` in the program's folder, without confinement. Arguments after `--` go to the program.

    Exit status: that of the program.
    """
    from graders.cli import running

    kata = catalogue.load(Invocation.root, slug)
    path = running.main_of(kata, kata.root / (against or "katas") / slug, program)
    return running.run_program(kata, path, context.args)
