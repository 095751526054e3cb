"""`katas gradebook similar`: list submissions that resemble each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graders import catalogue
from graders.cli.gradebook.options import DEFAULT_URL, BatchFolder, Url, line, open_gradebook
from graders.cli.session import Invocation, say
from graders.errors import KataError

if TYPE_CHECKING:
    from graders.course.gradebook import StoredSubmission
    from graders.course.similarity import Pair
    from graders.intake import Submission


AtLeast = Annotated[
    float, typer.Option(help="List pairs with at least this percentage of code in common.", metavar="P", min=0, max=100)
]
Top = Annotated[int, typer.Option(help="List only the N most remarkable pairs.", metavar="N", min=1)]
PageFile = Annotated[
    Path | None, typer.Option("--html", help="Write the listed pairs side by side to this page.", metavar="FILE")
]
Earlier = Annotated[
    list[str] | None,
    typer.Option(help="Compare with the gradebook of an earlier term too; repeat for several.", metavar="URL"),
]


def similar(
    kata: Annotated[str, typer.Argument(metavar="KATA", help="The kata.")],
    at_least: AtLeast = 50,
    top: Top = 20,
    html: PageFile = None,
    earlier: Earlier = None,
    batch: BatchFolder = None,
    gradebook: Url = DEFAULT_URL,
) -> None:
    """List submissions that resemble each other.

    Pairs are ranked by how rare the code is that they have in common, compared with everyone else's answers. The list
    only shows where someone should look closer: right answers to a short task are all alike.
    """
    from graders.course.similarity import Comparison
    from graders.output import delivery

    if html is not None:
        delivery.check(html)
    known = catalogue.load(Invocation.root, kata, complete=False)
    read = _files(known, gradebook, batch)
    before = _Files()
    for url in earlier or ():
        before.add(_files(known, url, None), f" ({_term(url)})")
    comparison = Comparison(known, read.files, before.files)
    found = comparison.pairs(at_least / 100)
    shown, submitted_at = found.pairs[:top], read.submitted_at | before.submitted_at
    print("".join(f"{_described(pair, submitted_at)}\n" for pair in shown), end="")
    for person in found.left_out:
        print(f"{line(person)}: left out, because these files take too long to compare; compare them yourself")
    people = len(comparison.sources)
    print(_summary(len(found.pairs), len(shown), people, at_least, read.missing + before.missing))
    if html is not None:
        from graders.course import similarity_page

        title = f"Similar submissions for {known.title}"
        text = similarity_page.render(title, shown, comparison, submitted_at, found.median_bits)
        delivery.deliver(text, html)
        say(f"written: {html}")


@dataclass
class _Files:
    """The submissions and their times by person, and the number of missing submissions."""

    files: dict[str, Submission] = field(default_factory=dict)
    submitted_at: dict[str, str] = field(default_factory=dict)
    missing: int = 0

    def add(self, other: _Files, suffix: str) -> None:
        """Add other people, whose names get this suffix."""
        self.files |= {f"{person}{suffix}": each for person, each in other.files.items()}
        self.submitted_at |= {f"{person}{suffix}": each for person, each in other.submitted_at.items()}
        self.missing += other.missing


def _files(kata: catalogue.Kata, gradebook: str, batch: Path | None) -> _Files:
    """Read the submissions from their batch folders, or from `batch`. Raises KataError if none can be read."""
    with open_gradebook(gradebook) as book:
        stored = [each for each in book.affected(slugs=(kata.slug,)) if each.sha256]
    if not stored:
        raise KataError(
            f"{gradebook}: there are no submissions for {kata.slug}. Import a batch with `katas gradebook import`."
        )
    found = _Files()
    for each in stored:
        _take(found, kata, each, batch)
    if not found.files:
        places = ", ".join(sorted({str(batch or each.batch or "no batch folder") for each in stored}))
        raise KataError(
            f"{places}: none of the {len(stored)} submissions for {kata.slug} is there. "
            "Specify the folder that has them with --batch DIR."
        )
    return found


def _take(found: _Files, kata: catalogue.Kata, stored: StoredSubmission, batch: Path | None) -> None:
    from graders.course.batch import Batch

    try:
        found.files[stored.person] = Batch(batch or Path(stored.batch)).store.take(kata, stored.sha256)
        found.submitted_at[stored.person] = stored.submitted_at
    except KataError:
        found.missing += 1


def _term(url: str) -> str:
    """Return the last part of a gradebook's address, without its extension."""
    last = Path(url.partition("?")[0])
    return last.parent.name if last.stem == "gradebook" and last.parent.name else last.stem


def _described(pair: Pair, submitted_at: dict[str, str]) -> str:
    one, other = line(pair.one), line(pair.other)
    shares = f"{100 * pair.share:.0f} % of {one}'s, {100 * pair.other_share:.0f} % of {other}'s"
    moment, first = min((submitted_at[each], each) for each in (pair.one, pair.other))
    return f"{one}  {other}: {pair.bits:.0f} bits, {shares}; {line(first)} was first, {line(moment)}"


def _summary(pairs: int, shown: int, people: int, at_least: float, missing: int) -> str:
    text = f"{pairs} pairs among {people} people have at least {at_least:g} % of one person's code in common"
    if shown < pairs:
        text += f"; the {shown} with the rarest code are listed"
    return text + (
        f"; {missing} submissions are missing: specify the folder that has them with --batch DIR" if missing else ""
    )
