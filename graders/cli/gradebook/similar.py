"""`katas gradebook similar`: list submissions that resemble each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graders import catalogue
from graders.cli.gradebook.options import DEFAULT_URL, BatchFolder, Url, line, open_gradebook
from graders.cli.session import Invocation
from graders.errors import KataError

if TYPE_CHECKING:
    from graders.course.gradebook import StoredSubmission
    from graders.course.similarity import Pair
    from graders.intake import Submission


def similar(
    kata: Annotated[str, typer.Argument(metavar="KATA", help="The kata.")],
    at_least: Annotated[
        float,
        typer.Option(help="List pairs with at least this percentage of code in common.", metavar="P", min=0, max=100),
    ] = 80,
    batch: BatchFolder = None,
    gradebook: Url = DEFAULT_URL,
) -> None:
    """List submissions that resemble each other.

    The list only shows where someone should look closer: right answers to a short task are all alike.
    """
    from graders.course.similarity import compared

    known = catalogue.load(Invocation.root, kata, complete=False)
    with open_gradebook(gradebook) as book:
        stored = [each for each in book.affected(slugs=(kata,)) if each.sha256]
    if not stored:
        raise KataError(
            f"{gradebook}: there are no submissions for {kata}. Import a batch with `katas gradebook import`."
        )
    read = _files(known, stored, batch)
    found = compared(known, read.files, at_least / 100)
    for pair in found.pairs:
        print(_described(pair, read.submitted_at))
    for person in found.left_out:
        print(f"{line(person)}: left out, because these files take too long to compare; compare them yourself")
    left = f"; {read.missing} submissions are missing: specify the folder that has them with --batch DIR"
    people = len(read.files) - len(found.left_out)
    common = (
        f"{len(found.pairs)} pairs among {people} people have at least {at_least:g} % of one person's code in common"
    )
    print(common + (left if read.missing else ""))


@dataclass
class _Files:
    """The submissions and their times by person, and the number of missing submissions."""

    files: dict[str, Submission] = field(default_factory=dict)
    submitted_at: dict[str, str] = field(default_factory=dict)
    missing: int = 0


def _files(kata: catalogue.Kata, stored: list[StoredSubmission], batch: Path | None) -> _Files:
    """Read the submissions from their batch folders, or from `batch`. Raises KataError if none can be read."""
    from graders.course.batch import Batch

    found = _Files()
    for each in stored:
        try:
            found.files[each.person] = Batch(batch or Path(each.batch)).store.take(kata, each.sha256)
            found.submitted_at[each.person] = each.submitted_at
        except KataError:
            found.missing += 1
    if not found.files:
        places = ", ".join(sorted({str(batch or each.batch or "no batch folder") for each in stored}))
        raise KataError(
            f"{places}: none of the {len(stored)} submissions for {kata.slug} is there. "
            "Specify the folder that has them with --batch DIR."
        )
    return found


def _described(pair: Pair, submitted_at: dict[str, str]) -> str:
    one, other = line(pair.one), line(pair.other)
    shares = f"{100 * pair.share:.0f} % of {one}'s, {100 * pair.other_share:.0f} % of {other}'s"
    moment, first = min((submitted_at[each], each) for each in (pair.one, pair.other))
    return f"{one}  {other}: {shares}; {line(first)} was first, {line(moment)}"
