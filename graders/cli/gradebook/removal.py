"""`katas gradebook forget` and `expire`: remove people and old submissions, also from the batch folders."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from graders.cli.gradebook.options import DEFAULT_URL, By, Url, moment, open_gradebook
from graders.errors import KataError

MovedBatch = Annotated[
    Path | None,
    typer.Option("--batch", help="Also clean this batch folder, such as a copy, or one that was moved.", metavar="DIR"),
]


def forget(
    person: Annotated[str, typer.Argument(metavar="PERSON", help="The person whose data to remove.")],
    batch: MovedBatch = None,
    gradebook: Url = DEFAULT_URL,
    by: By = None,
) -> None:
    """Remove all of a person's data, from the batch folders too.

    Exit status: 0 everything is removed, 2 something is not (the message says what, and how to remove it).
    """
    with open_gradebook(gradebook, by) as book:
        if batch is not None and not book.has_person(person) and _clean([batch], person=person):
            return  # an earlier command removed the person from the gradebook, but did not find this batch folder
        folders = book.batches_of(person)
        for name in book.names_of(person) or [person]:
            _clean(_present(folders, batch), person=name)
        book.forget(person)
    print(f"{person}: removed from {gradebook}")
    _expect_present(folders, batch, f"katas gradebook forget {shlex.quote(person)}")


def expire(
    before: Annotated[str, typer.Option(help="Remove what was submitted before this time.", metavar="TIME")],
    batch: MovedBatch = None,
    gradebook: Url = DEFAULT_URL,
    by: By = None,
) -> None:
    """Remove old submissions, from the batch folders too.

    Exit status: 0 everything is removed, 2 something is not (the message says what, and how to remove it).
    """
    end = moment(before, "--before")
    with open_gradebook(gradebook, by) as book:
        folders = book.batches_before(end)
        _clean(_present(folders, batch), before=end)
        count, _ = book.forget_before(end)
    print(f"{count} submissions removed from {gradebook}")
    _expect_present(folders, batch, f"katas gradebook expire --before {before}")


def _present(folders: Sequence[str], batch: Path | None) -> list[Path]:
    found = {Path(each).resolve(): Path(each) for each in folders if _is_batch(Path(each))}
    if batch is not None:
        found[batch.resolve()] = batch
    return list(found.values())


def _is_batch(folder: Path) -> bool:
    from graders.course.batch import Batch

    return Batch(folder).journal.is_file()


def _expect_present(folders: Sequence[str], batch: Path | None, command: str) -> None:
    """Raise KataError if batch folders are missing.

    If --batch names another folder, assume that one of the missing folders was moved there.
    """
    gone = [each for each in folders if not _is_batch(Path(each))]
    moved = batch is not None and batch.resolve() not in [Path(each).resolve() for each in folders]
    if len(gone) > moved:
        raise KataError(
            f"{', '.join(gone)}: not found, so nothing was removed from it. If it was moved, run: {command} --batch DIR"
        )


def _clean(folders: Sequence[Path], *, person: str = "", before: str = "") -> int:
    """Remove a person, or everything submitted before a certain time, from batch folders.

    Return the number of removed verdicts.
    """
    from graders.course.batch import Batch
    from graders.course.results_table import results
    from graders.output import delivery

    removed = 0
    for folder in folders:
        batch = Batch(folder)
        if not batch.journal.is_file():
            raise KataError(f"{folder}: not a batch. Specify the --out folder of `katas grade-batch`.")
        rows, dropped = batch.forget(person) if person else batch.forget_before(before)
        delivery.deliver(results(batch), folder / "results.csv")
        print(f"{folder}: {rows} verdicts and {dropped} submissions removed")
        removed += rows
    return removed
