"""Options that several commands share, and helpers for their values."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from graders import catalogue
from graders.cli.session import Invocation
from graders.errors import KataError
from graders.report.text import clean_line, first_names
from graders.verdict import Verdict, from_json
from katas_course.clock import UTC, unclear, zone_of
from katas_course.roster import MATCHED

if TYPE_CHECKING:
    from katas_course.gradebook import Gradebook
    from katas_course.gradebook.people import Listing

DEFAULT_URL = "gradebook.sqlite"
MOST_OTHERS = 5  # name at most this many other gradebooks
MOST_PEOPLE = 10  # in a line
NOBODY = ("root", "unknown")  # users in whose name nobody decides


def option(text: str, metavar: str | None = None, *names: str, **limits: Any) -> Any:
    """Return an option with this help text. Without names, the name of the parameter counts."""
    return typer.Option(*names, help=text, metavar=metavar, **limits)


def argument(metavar: str, text: str) -> Any:
    """Return an argument with this help text."""
    return typer.Argument(metavar=metavar, help=text)


Url = Annotated[
    str, option("The gradebook: a file or a database URL (postgresql://…).", "URL", "--gradebook", show_default=True)
]
By = Annotated[
    str | None,
    option(
        "The name to record in the audit trail; by default, the one in git's settings or your login.", "NAME", "--by"
    ),
]
BatchFolder = Annotated[
    Path | None,
    option("The folder with the submissions; by default, each batch folder.", "DIR", "--batch"),
]
KataSlug = Annotated[str, argument("KATA", "The kata.")]
MaybeKata = Annotated[str | None, argument("[KATA]", "Only this kata (also --kata KATA); by default, all of them.")]
Person = Annotated[str, argument("PERSON", "Any name or id of the person.")]
Workers = Annotated[int | None, option("The number of grading processes; by default, one per core.", "N", min=1)]


class KataFirst(TyperCommand):
    """A command whose first argument may be a kata, which may then also be given as an option, `--kata`."""

    def parse_args(self, context: Any, words: list[str]) -> list[str]:
        """Parse the words after the command's name."""
        first = self.params[0]
        if first.name != "kata" or first.param_type_name != "argument":
            return super().parse_args(context, words)
        words = [part for word in words for part in (word.split("=", 1) if word.startswith("--kata=") else [word])]
        if "--kata" in words[:-1]:
            position = words.index("--kata")
            words = [words[position + 1], *words[:position], *words[position + 2 :]]
        return super().parse_args(context, words)


def open_gradebook(url: str, by: str | None = None, *, new: bool = False, signed: bool = False) -> Gradebook:
    """Open a gradebook. Raises KataError if it cannot be opened, or if no person would sign a `signed` decision.

    A missing gradebook is created if `new` is set.
    """
    from katas_course.gradebook import Gradebook

    if not new and "://" not in url and not Path(url).is_file():
        raise KataError(
            f"{url}: no such gradebook. Specify one with --gradebook, such as the gradebook.sqlite in a batch's folder."
        )
    book = Gradebook(url, who=by)
    if signed and book.who in NOBODY:
        book.close()
        raise KataError(
            f"--by: students see who decided this, and it would be {book.who}. Sign with your name: "
            '--by "Grace Hopper", or once and for all: git config --global user.name "Grace Hopper"'
        )
    return book


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
    from katas_course.gradebook import results

    if kata is not None and kata not in book.read(results.titles):
        catalogue.load(Invocation.root, kata, complete=False)


def moment(text: str, option: str, zone: str = UTC) -> str:
    """Return the time given with `option` in UTC and ISO 8601. One without an offset is in the time zone `zone`.

    Raises KataError if it is not a time, or if the clock in this zone shows it twice or never.
    """
    from katas_course.downloads import as_utc

    try:
        given = datetime.datetime.fromisoformat(text)
        if given.tzinfo is None and (possible := unclear(given, zone_of(zone))):
            raise KataError(f"{option} {text}: {possible}.")
        return as_utc(given if given.tzinfo else given.replace(tzinfo=zone_of(zone)))
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


def listed(people: Iterable[str]) -> str:
    """Return the names of the first people, and how many more there are."""
    return first_names([line(each, 1_000) for each in people], MOST_PEOPLE)


def one_of(words: Iterable[str]) -> str:
    """Return words as a choice, such as "folders, canvas or moodle"."""
    return " or ".join(", ".join(words).rsplit(", ", 1))


def first_of(what: str, items: Sequence[str]) -> list[str]:
    """Return a line for each of the first items, and one that says how many more there are."""
    lines = [f"{what}: {item}" for item in items[:MOST_PEOPLE]]
    return lines + ([f"… and {len(items) - MOST_PEOPLE} more"] if len(items) > MOST_PEOPLE else [])


def counted(number: int, one: str, many: str) -> str:
    """Return a number with its noun."""
    return f"{number} {one if number == 1 else many}"


def person_line(listing: Listing, between: str, left: str) -> str:
    """Return what the roster says about a person, and the submitted names, unless these are the roster's id."""
    person = listing.roster
    if person is None:
        return f"{line(listing.id)}  {line(listing.why) or 'no roster'}"
    ids = [f"{system} {value}" for system, value in person.ids if system not in MATCHED]
    words = [person.id, person.name, person.email, person.section, person.team, *ids]
    names = [f"{line(name)} ({line(how)})" for name, how in listing.names if how not in ("roster id", "")]
    parts = [line(word) for word in words if word] + [left] * bool(person.left_at)
    return between.join([*parts, *([f"submits as {', '.join(names)}"] if names else [])])
