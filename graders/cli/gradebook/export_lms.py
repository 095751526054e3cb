"""`katas gradebook export canvas`, `moodle` and `gradescope`: write points for learning platforms."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graders import catalogue
from graders.cli.gradebook.options import DEFAULT_URL, Url, check_kata, line, listed, open_gradebook
from graders.cli.session import Invocation
from graders.errors import KataError

if TYPE_CHECKING:
    from graders.course.lms_export import Filled

KataSlug = Annotated[str, typer.Argument(metavar="KATA", help="The kata.")]
Into = Annotated[
    Path | None, typer.Option(help="A file that you have downloaded from the platform: fill it in.", metavar="FILE")
]
Column = Annotated[
    str | None, typer.Option(help="The column for the points; by default, the one that fits.", metavar="NAME")
]
Output = Annotated[
    Path | None,
    typer.Option(help="Write to this file; by default, to the --into file, or to the screen.", metavar="FILE"),
]


def canvas(
    kata: KataSlug, into: Into = None, column: Column = None, output: Output = None, gradebook: Url = DEFAULT_URL
) -> None:
    """Write a kata's points for Canvas.

    In Canvas, choose Grades, Export. Fill the file in with --into, and import it there again.
    """
    _export("canvas", kata, into, column, output, gradebook)


def moodle(
    kata: KataSlug, into: Into = None, column: Column = None, output: Output = None, gradebook: Url = DEFAULT_URL
) -> None:
    """Write a kata's points for Moodle.

    In the assignment, download the grading worksheet. Fill it in with --into, and upload it there again.
    """
    _export("moodle", kata, into, column, output, gradebook)


def gradescope(
    kata: KataSlug, into: Into = None, column: Column = None, output: Output = None, gradebook: Url = DEFAULT_URL
) -> None:
    """Write a kata's points in the format of the grades that Gradescope exports."""
    _export("gradescope", kata, into, column, output, gradebook)


def _export(system: str, kata: str, into: Path | None, column: str | None, output: Path | None, gradebook: str) -> None:
    from graders.course import lms_export
    from graders.output import delivery

    if column is not None and into is None:
        raise KataError("--column: it needs a file to fill in: --into FILE.")
    with open_gradebook(gradebook) as book:
        check_kata(book, kata)
        reports = book.reports(kata)
        title = book.titles().get(kata) or _title(kata)
    if not any(report.places for report in reports):
        raise KataError(f"{gradebook}: it has no points for {kata}. Import a batch with `katas gradebook import`.")
    if into is None:
        filled = lms_export.minimal(system, kata, title, reports)
    else:
        filled = lms_export.fill(into, system, kata, title, reports, column)
    target = output or into
    if target is None:
        print(filled.text, end="")
    else:
        delivery.deliver_bytes(filled.data, target)
        print(f"written: {target} ({len(filled.people)} people, column {line(filled.column)})")
    for text in _problems(filled, into or gradebook):
        typer.echo(text, err=target is None)


def _title(kata: str) -> str:
    return catalogue.load(Invocation.root, kata, complete=False).title


def _problems(filled: Filled, file: Path | str) -> list[str]:
    """Return a line for each group of people whose points are not in the file, and for unequal maxima."""
    place = "the file" if isinstance(file, Path) else "the roster"
    groups = {
        f"in the gradebook, but not in {place}": filled.not_in_file,
        "in the file, but not in the gradebook": filled.not_in_gradebook,
        "left out, because their points await review": filled.awaiting,
        "left out, because the platform has locked their grades": filled.locked,
    }
    lines = [f"{what}: {listed(people)}" for what, people in groups.items() if people]
    lines += [
        f"line {number} fits several people, so it was left out: {listed(people)}"
        for number, people in sorted(filled.doubtful.items())
    ]
    if filled.maxima:
        theirs, ours = filled.maxima
        lines.append(f"the platform has {theirs:g} points for it, but the kata has {ours:g}: change it there")
    return lines
