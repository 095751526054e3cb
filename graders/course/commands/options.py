"""Options that several commands share, and helpers for their values."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graders import catalogue
from graders.cli.session import Invocation
from graders.errors import KataError
from graders.report.text import clean_line
from graders.verdict import Verdict, from_json

if TYPE_CHECKING:
    from graders.course.gradebook import Gradebook

DEFAULT_URL = "gradebook.sqlite"
MOST_OTHERS = 5  # name at most this many other gradebooks
MOST_PEOPLE = 10  # in a line

Url = Annotated[
    str,
    typer.Option(
        "--gradebook",
        help="The gradebook: a file or a database URL (postgresql://…).",
        metavar="URL",
        show_default=True,
    ),
]
By = Annotated[
    str | None, typer.Option("--by", help="The name to record in the audit trail; by default, yours.", metavar="NAME")
]
BatchFolder = Annotated[
    Path | None,
    typer.Option(
        "--batch", help="The folder with the submissions; by default, the imported batch folders.", metavar="DIR"
    ),
]
KataSlug = Annotated[str, typer.Argument(metavar="KATA", help="The kata.")]
MaybeKata = Annotated[str | None, typer.Argument(metavar="[KATA]", help="Only this kata; by default, all of them.")]
Person = Annotated[str, typer.Argument(metavar="PERSON", help="Any name or id of the person.")]
Workers = Annotated[
    int | None, typer.Option(help="The number of grading processes; by default, one per core.", metavar="N", min=1)
]


def open_gradebook(url: str, by: str | None = None, *, new: bool = False) -> Gradebook:
    """Open a gradebook. Raises KataError if it cannot be opened.

    A missing gradebook is created if `new` is set.
    """
    from graders.course.gradebook import Gradebook

    if not new and "://" not in url and not Path(url).is_file():
        raise KataError(
            f"{url}: no such gradebook. Specify one with --gradebook URL, or create it with `katas gradebook import`."
        )
    return Gradebook(url, who=by)


def if_new(url: str) -> list[str]:
    """Return a line if a gradebook is missing and will be created, in case the name of an existing one is mistyped."""
    path = Path(url)
    if "://" in url or path.is_file():
        return []
    others = sorted(each.name for each in path.parent.glob("*.sqlite") if each.is_file())
    there = f" There already is {', '.join(line(name) for name in others[:MOST_OTHERS])}; is it that one?"
    return [f"new gradebook: {line(url, 1_000)}." + (there if others else "")]


def check_kata(book: Gradebook, kata: str | None) -> None:
    """Raise KataError if a kata is neither in the gradebook nor in the repository."""
    from graders.course.gradebook import results

    if kata is not None and kata not in book.read(results.titles):
        catalogue.load(Invocation.root, kata, complete=False)


def moment(text: str, option: str) -> str:
    """Return the time given with `option` in UTC and ISO 8601. Raises KataError if it is not a time."""
    from graders.course.submissions import as_utc

    try:
        return as_utc(datetime.datetime.fromisoformat(text))
    except ValueError:
        raise KataError(f"{option} {text}: expected a time such as 2026-05-31T23:59+02:00.") from None


def verdict_in(file: Path, remedy: str = "") -> Verdict:
    """Return the verdict in a file. Raises KataError if the file is missing or invalid."""
    try:
        return from_json(file.read_bytes())
    except (OSError, KataError, RecursionError) as fault:
        problem = getattr(fault, "strerror", None) or str(fault)
        raise KataError(f"{file}: {problem.rstrip('.')}. {remedy}".strip()) from None


def line(text: str, limit: int = 200) -> str:
    """Return untrusted text, such as a name or a comment, as one line without control characters."""
    return clean_line(text, limit)


def listed(people: Sequence[str]) -> str:
    """Return the names of the first people, and how many more there are."""
    rest = len(people) - MOST_PEOPLE
    return ", ".join(map(line, people[:MOST_PEOPLE])) + (f" and {rest} more" if rest > 0 else "")


def counted(number: int, one: str, many: str) -> str:
    """Return a number with its noun."""
    return f"{number} {one if number == 1 else many}"
