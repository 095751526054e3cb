"""`katas show`: plot a program's training curves or show its picture, or print the diff of a variant."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from graders import catalogue
from graders.cli.options import Against, Slug
from graders.cli.session import Invocation
from graders.errors import KataError


def show(
    slug: Slug,
    program: Annotated[
        str | None, typer.Argument(metavar="PROGRAM", help="One of the kata's programs, e.g. bug2.")
    ] = None,
    against: Against = None,
    output: Annotated[
        Path | None,
        typer.Option(help="A .png, .svg or .pdf to write; default: SLUG-PROGRAM.png.", metavar="FILE"),
    ] = None,
    variant: Annotated[
        str | None, typer.Option(help="Print the diff of this variant, from wrong/ or accept/.", metavar="NAME")
    ] = None,
) -> None:
    """Plot a program's training curves, or print a variant's diff.

    With PROGRAM, this runs the program like `python program.py`, without confinement, and plots its loss and accuracy.
    If the program draws a picture itself, as a milestone's does, you get that one.
    With --variant, it prints how a wrong or an accepted variant differs from the solution.
    """
    kata = catalogue.load(Invocation.root, slug)
    if program is None and variant is not None:
        from graders.authoring import variants

        print(variants.shown(kata, variant))
        return
    if program is None or variant is not None:
        raise KataError("name either a PROGRAM to run or a --variant to compare, but not both")
    from graders.learner import programs
    from graders.output import delivery

    picture = output or Path(f"{slug}-{program.removesuffix('.py')}.png")
    delivery.check(picture)
    programs.check_format(picture)
    path = programs.program_of(kata, program, kata.root / (against or "katas") / slug)
    delivery.deliver_bytes(programs.picture_of(kata, path, picture.suffix), picture)
    print(f"written: {picture}")
