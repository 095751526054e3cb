"""`katas gradebook people`, `forget` and `expire`: the roster, and the removal of people and old submissions."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from graders.course import roster_files
from graders.course.batch import SPECIFY, Batch
from graders.course.commands.options import DEFAULT_URL, By, Person, Url, if_new, line, listed, moment, open_gradebook
from graders.course.gradebook import Gradebook, batches, people, removal
from graders.course.gradebook.people import Directory, Listing, RosterChanges
from graders.course.roster_files import SYSTEM_NAMES, RosterFile
from graders.course.submissions import composed
from graders.course.written_files import refresh_tables, write_table
from graders.errors import KataError

app = typer.Typer(help="Show and change the roster.", no_args_is_help=True, rich_markup_mode=None)

MANY_LEFT = 0.1  # of the people on the roster


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A CSV file.")],
    gradebook: Url = DEFAULT_URL,
    by: By = None,
) -> None:
    """Import the roster, or update it.

    The file has a line for each person, and its first line names the columns: id, name, e-mail, section, group. You can
    also use Canvas's gradebook, Moodle's list of participants or grading worksheet, or Gradescope's roster. People who
    are not in the file are marked as left, but not deleted.
    """

    read = roster_files.read(file)
    made = if_new(gradebook)
    with open_gradebook(gradebook, by, new=True) as book:
        changes = book.write(people.import_roster, read)
        listings, tables = book.read(Directory).listings(), refresh_tables(book)
    said = [_counts(file, read, changes), *_many_left(changes, listings), *_lists(read, changes, listings)]
    print("\n".join([*made, *said, *tables]))


def _counts(file: Path, read: RosterFile, changes: RosterChanges) -> str:

    made = f" (read as {SYSTEM_NAMES[read.system]})" if read.system else ""
    counts = {"new": changes.added, "changed": changes.changed, "back": changes.returned, "left": changes.left}
    noun = "person" if len(read.entries) == 1 else "people"
    words = [f"{len(each)} {name}" for name, each in counts.items() if each]
    return f"{file}{made}: {len(read.entries)} {noun}; {', '.join(words) or 'nothing has changed'}"


def _many_left(changes: RosterChanges, listings: list[Listing]) -> list[str]:
    """Return a warning if an import marks many people as left, because then the file may be that of one section."""
    here = [each for each in listings if each.roster is not None and each.roster.left_at is None]
    before = len(here) - len(changes.added) - len(changes.returned) + len(changes.left)
    if len(changes.left) <= MANY_LEFT * before:
        return []
    return [
        f"WARNING: {len(changes.left)} of {before} people are now marked as left, because this file lacks them. "
        "If it is not the whole course, import the complete file again: that brings them back as they were."
    ]


def _lists(read: RosterFile, changes: RosterChanges, listings: list[Listing]) -> list[str]:
    unknown = [each.id for each in listings if each.roster is None and each.names]
    lines = [
        _named("marked as left", changes.left),
        _named("left out, because they are not students", read.skipped),
        _named("submitted, but not in the roster", unknown),
    ]
    if unknown:
        lines.append("To match a name to a person on the roster: katas gradebook people match NAME ID")
    return [each for each in lines if each]


def _named(what: str, names: list[str] | tuple[str, ...]) -> str:
    return f"{what}: {listed(names)}" if names else ""


@app.command("list")
def list_(gradebook: Url = DEFAULT_URL) -> None:
    """List everyone on the roster, and everyone else who has submitted."""

    with open_gradebook(gradebook) as book:
        listings = book.read(Directory).listings()
    if not listings:
        raise KataError(f"{gradebook}: there are no people. Import a roster with `katas gradebook people import`.")
    for each in listings:
        print(_line(each))


def _line(listing: Listing) -> str:
    person = listing.roster
    names = [f"{line(name)} ({line(how)})" for name, how in listing.names if how not in ("roster id", "")]
    if person is None:
        return f"{line(listing.id)}  {line(listing.why) or 'no roster'}"
    words = [person.id, person.name, person.email, person.section, person.team]
    parts = [*(line(word) for word in words if word), *(["left"] if person.left_at else [])]
    return "  ".join([*parts, *([f"submits as {', '.join(names)}"] if names else [])])


@app.command()
def show(person: Person, gradebook: Url = DEFAULT_URL) -> None:
    """Show what the roster says about a person, and their submitted names."""

    with open_gradebook(gradebook) as book:
        directory = book.read(Directory)
        (listing,) = (each for each in directory.listings() if each.id == directory.known(person))
    roster = listing.roster
    if roster is None:
        print(f"{line(listing.id)}: {line(listing.why) or 'there is no roster'}")
    else:
        values = {"name": roster.name, "e-mail": roster.email, "section": roster.section, "group": roster.team}
        print(line(roster.id))
        for name, value in {**values, "left": roster.left_at or ""}.items():
            if value:
                print(f"  {name}: {line(value)}")
        for system, value in roster.ids:
            print(f"  {line(system)}: {line(value)}")
    for name, how in listing.names:
        print(f"  submits as {line(name)}" + (f", matched by {line(how)}" if roster else ""))


@app.command()
def match(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name of the submissions.")],
    person: Annotated[str | None, typer.Argument(metavar="[PERSON]", help="The person on the roster.")] = None,
    undo: Annotated[bool, typer.Option("--undo", help="Remove a match that was made by hand.")] = False,
    gradebook: Url = DEFAULT_URL,
    by: By = None,
) -> None:
    """Match the name of submissions to a person on the roster."""

    if undo == (person is not None):
        raise KataError("Specify either the person on the roster, or --undo.")
    with open_gradebook(gradebook, by) as book:
        matched = book.write(people.match_by_hand, name, person)
        tables = refresh_tables(book)
    now = f"submissions of {line(matched)}" if matched else "no longer matched by hand"
    print("\n".join([f"{line(name)}: {now}", *tables]))


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

    with open_gradebook(gradebook, by) as book:
        directory = book.read(Directory)
        is_known = directory.is_known(person)
        names = {composed(name) for name in (directory.names(person) if is_known else [])} or {person}

        def forget_in(store: Gradebook) -> None:
            for name in (person, *names):
                if store.read(Directory).is_known(name):
                    removal.forget(store, name)

        remove = _Removal(book, lambda name, _: composed(name) in names, forget_in)
        folders = book.read(removal.batches_of, person) if batch is None or is_known else []
        counts = remove.counts(_present(folders, batch))
        if not _confirmed(f"{person} in {gradebook}", counts, dry_run=dry_run, yes=yes):
            return
        if batch is not None and not is_known and remove([batch]):
            return  # an earlier command removed the person from the gradebook, but did not find this batch folder
        folders = book.read(removal.batches_of, person)
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
        count, folders = book.read(removal.before, end)
        remove = _Removal(
            book, lambda _, submitted_at: submitted_at < end, lambda store: removal.forget_before(store, end)
        )
        what = f"{count} submissions in {gradebook}"
        if not _confirmed(what, remove.counts(_present(folders, batch)), dry_run=dry_run, yes=yes):
            return
        remove(_present(folders, batch))
    print(f"{count} submissions removed from {gradebook}")
    _expect_present(folders, batch, f"katas gradebook expire --before {before}")


def _confirmed(what: str, counts: Sequence[str], *, dry_run: bool, yes: bool) -> bool:
    """Show what would be removed, and return whether to remove it. Raises KataError if no one can be asked."""
    if yes and not dry_run:
        return True
    for each in (what, *counts):
        print(f"to be removed: {each}")
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
    present = {Path(each).resolve(): Path(each) for each in folders if _is_batch(each)}
    if batch is not None:
        present[batch.resolve()] = batch
    return list(present.values())


def _is_batch(folder: str) -> bool:

    return Batch(Path(folder)).exists


def _expect_present(folders: Sequence[str], batch: Path | None, command: str) -> None:
    """Raise KataError if batch folders are missing.

    If --batch names another folder, assume that one of the missing folders was moved there.
    """
    gone = [each for each in folders if not _is_batch(each)]
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

        lines = []
        for batch in self._batches(folders):
            with batch.reading() as held, held.book.transaction() as transaction:
                stored = batches.submissions(transaction, held.batch(transaction))
                count = sum(self.unwanted(each.person.name, each.submitted_at) for each in stored)
            lines.append(f"{count} submissions in {batch.out}")
        return lines

    def __call__(self, folders: Sequence[Path]) -> int:
        """Remove the submissions, and return the number of removed verdicts in the folders."""

        removed = 0
        batches = self._batches(folders)
        for batch in batches:
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

    def _batches(self, folders: Sequence[Path]) -> list[Batch]:

        for folder in folders:
            if not Batch(folder).exists:
                raise KataError(f"{folder}: not a batch. {SPECIFY}")
        return [Batch(folder) for folder in folders]
