"""Arguments and options that several commands share, and functions that interpret them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from graders import catalogue, verdict
from graders.cli.session import Invocation, seed_of
from graders.errors import KataError
from graders.verdict import Confinement, Verdict


def matching_slugs(context: typer.Context, incomplete: str) -> list[str]:
    """Return the slugs that start with `incomplete` and are not typed yet (for shells)."""
    typed: Any = context.params.get("slugs") or ()
    try:
        return [slug for slug in catalogue.slugs(Invocation.root) if slug.startswith(incomplete) and slug not in typed]
    except (KataError, OSError):
        return []


def slug_argument(text: str) -> Any:
    """Return the argument SLUG, which a shell completes, with this help."""
    return typer.Argument(metavar="SLUG", help=text, autocompletion=matching_slugs)


Slugs = Annotated[list[str] | None, slug_argument("Katas, e.g. exercise04; by default, all of them.")]
Slug = Annotated[str, slug_argument("The kata, e.g. exercise04.")]
Submission = Annotated[
    str | None,
    typer.Option(
        help="The submission: a folder, .zip, .tar, .py, .ipynb or REPO@REF with the kata's files.", metavar="PLACE"
    ),
]
Seed = Annotated[str | None, typer.Option(help="The seed of the tests' inputs: 32 hexadecimal digits.", metavar="HEX")]
Against = Annotated[
    str | None, typer.Option(help="Use the files in this folder next to katas/, e.g. solutions.", metavar="TREE")
]
Output = Annotated[
    Path | None, typer.Option(help="Write the report to this file instead of the screen.", metavar="FILE")
]
Require = Annotated[Confinement | None, typer.Option(help="Refuse to grade with weaker confinement.")]
RequireExtras = Annotated[
    bool, typer.Option("--require-extras", help="Require the extra tasks to pass too, not only the core tasks.")
]


def chosen_katas(slugs: list[str] | None, *, complete: bool = True) -> list[catalogue.Kata]:
    """Return each named kata once, or all if none is named. Their files may be missing unless `complete` is set."""
    if slugs:
        return [catalogue.load(Invocation.root, slug, complete=complete) for slug in dict.fromkeys(slugs)]
    return catalogue.load_all(Invocation.root, complete=complete)


def seed_16(given: str | None) -> bytes | None:
    """Return the --seed for one grading run as 16 bytes, or None. Raises KataError if the seed is invalid."""
    return seed_of(given, 16, "in a verdict for instructors")


def place_of(kata: catalogue.Kata, submission: str | None, against: str | None) -> Path | str | None:
    """Return the place of the submission for `intake.take`, or None for one's own files. Raises KataError."""
    if submission is not None and against is not None:
        raise KataError("--submission and --against exclude each other. Give one of them.")
    if submission is not None:
        if not submission:
            raise KataError("--submission is empty. Specify what to grade (is a shell variable unset?).")
        from graders import intake

        try:
            return intake.find(submission)
        except KataError as fault:
            raise KataError(f"--submission {fault}") from None
    if against is None:
        return None
    place = kata.in_tree(against)
    if not place.is_dir():
        remedy = "Choose a folder next to katas/, such as solutions."
        raise KataError(f"--against {against}: there is no folder {place}. {remedy}")
    return place


def one_by_one(items: list[Any], doing: str) -> Any:
    """Return an iterable of the items, which shows a progress bar on a terminal if there are several."""
    if len(items) < 2 or not sys.stderr.isatty():
        return items
    from rich.console import Console
    from rich.progress import track

    return track(items, doing, console=Console(stderr=True), transient=True)


def verdict_in(record: Path) -> Verdict:
    """Return the verdict in a file. Raises KataError if the file is missing or invalid."""
    try:
        return verdict.from_json(record.read_bytes())
    except (OSError, KataError) as fault:
        raise KataError(f"{record}: {fault.strerror if isinstance(fault, OSError) else fault}") from None
