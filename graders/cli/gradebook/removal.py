"""`katas gradebook forget` and `expire`: remove people and old submissions, also from the batch folders."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graders.cli.gradebook.options import DEFAULT_URL, By, Url, moment, open_gradebook
from graders.errors import KataError

if TYPE_CHECKING:
    from graders.course.gradebook import Gradebook

MovedBatch = Annotated[
    Path | None,
    typer.Option("--batch", help="Also clean this batch folder, such as a copy, or one that was moved.", metavar="DIR"),
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Only show what would be removed.")]
Yes = Annotated[bool, typer.Option("--yes", help="Remove it without asking.")]


def forget(
    person: Annotated[str, typer.Argument(metavar="PERSON", help="The person whose data to remove.")],
    batch: MovedBatch = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    gradebook: Url = DEFAULT_URL,
    by: By = None,
) -> None:
    """Remove all of a person's data, from the batch folders too.

    Exit status: 0 everything is removed, 2 something is not (the message says what, and how to remove it).
    """
    from graders.course.submissions import composed

    with open_gradebook(gradebook, by) as book:
        names = {composed(name) for name in (book.names_of(person) if book.has_person(person) else [])} or {person}

        def forget_in(store: Gradebook) -> None:
            for name in (person, *names):
                if store.has_person(name):
                    store.forget(name)

        remove = _Removal(book, lambda name, _: composed(name) in names, forget_in)
        folders = book.batches_of(person) if batch is None or book.has_person(person) else []
        if not _confirmed(
            f"{person} in {gradebook}", remove.counts(_present(folders, batch)), dry_run=dry_run, yes=yes
        ):
            return
        if batch is not None and not book.has_person(person) and remove([batch]):
            return  # an earlier command removed the person from the gradebook, but did not find this batch folder
        folders = book.batches_of(person)
        remove(_present(folders, batch))
    print(f"{person}: removed from {gradebook}")
    _expect_present(folders, batch, f"katas gradebook forget {shlex.quote(person)}")


def expire(
    before: Annotated[str, typer.Option(help="Remove what was submitted before this time.", metavar="TIME")],
    batch: MovedBatch = None,
    dry_run: DryRun = False,
    yes: Yes = False,
    gradebook: Url = DEFAULT_URL,
    by: By = None,
) -> None:
    """Remove old submissions, from the batch folders too.

    Exit status: 0 everything is removed, 2 something is not (the message says what, and how to remove it).
    """
    end = moment(before, "--before")
    with open_gradebook(gradebook, by) as book:
        folders = book.batches_before(end)
        count = book.count_before(end)
        unwanted = _Removal(book, lambda _, submitted_at: submitted_at < end, lambda store: store.forget_before(end))
        what = f"{count} submissions in {gradebook}"
        if not _confirmed(what, unwanted.counts(_present(folders, batch)), dry_run=dry_run, yes=yes):
            return
        unwanted(_present(folders, batch))
    print(f"{count} submissions removed from {gradebook}")
    _expect_present(folders, batch, f"katas gradebook expire --before {before}")


def _confirmed(what: str, counts: Sequence[str], *, dry_run: bool, yes: bool) -> bool:
    """Show what would be removed, and return whether to remove it. Raises KataError if no one can be asked."""
    if yes and not dry_run:
        return True
    for line in (what, *counts):
        print(f"to be removed: {line}")
    if dry_run:
        return False
    if not sys.stdin.isatty():
        raise KataError(
            "nothing was removed, because this cannot be undone. Add --yes to remove it without being asked."
        )
    if typer.confirm("This cannot be undone. Remove it?"):
        return True
    print("nothing was removed")
    return False


def _present(folders: Sequence[str], batch: Path | None) -> list[Path]:
    found = {Path(each).resolve(): Path(each) for each in folders if _is_batch(Path(each))}
    if batch is not None:
        found[batch.resolve()] = batch
    return list(found.values())


def _is_batch(folder: Path) -> bool:
    from graders.course.batch import Batch

    return Batch(folder).exists


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


@dataclass
class _Removal:
    """Removes submissions from batch folders and from a gradebook, in this order, so that it can be repeated.

    `unwanted` gets a person and a submission time, and `remove` removes the same submissions from a gradebook.
    """

    book: Gradebook
    unwanted: Callable[[str, str], bool]
    remove: Callable[[Gradebook], object]

    def counts(self, folders: Sequence[Path]) -> list[str]:
        """Return how many submissions would be removed from each folder."""
        from graders.course.batch import Batch
        from graders.course.gradebook import batches

        found = []
        for folder in folders:
            if not _is_batch(folder):
                raise KataError(f"{folder}: not a batch. Specify the --out folder of `katas grade-batch`.")
            with Batch(folder).reading() as held, held.book.transaction() as transaction:
                stored = batches.submissions(transaction, held.batch(transaction))
                count = sum(self.unwanted(each.person.name, each.submitted_at) for each in stored)
            found.append(f"{count} submissions in {folder}")
        return found

    def __call__(self, folders: Sequence[Path]) -> int:
        """Remove the submissions, and return the number of removed verdicts in the folders."""
        from graders.course.batch import Batch
        from graders.course.written_files import write_table

        removed = 0
        batches = [Batch(folder) for folder in folders]
        for batch in batches:
            if not batch.exists:
                raise KataError(f"{batch.out}: not a batch. Specify the --out folder of `katas grade-batch`.")
            with batch.open() as held:
                verdicts, dropped = batch.clean(held, self.unwanted)
                if held.book.address != self.book.address:
                    self.remove(held.book)
            print(f"{batch.out}: {verdicts} verdicts and {dropped} submissions removed")
            removed += verdicts
        self.remove(self.book)
        for batch in batches:
            with batch.reading() as held:
                write_table(batch, held)
        return removed
