"""`katas gradebook people`, `forget` and `expire`: the roster, and the removal of people and old submissions."""

from __future__ import annotations

import difflib
import shlex
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from graders.errors import KataError
from katas_course import roster_files
from katas_course.batch import SPECIFY, Batch
from katas_course.commands.options import (
    DEFAULT_URL,
    By,
    Url,
    argument,
    counted,
    first_of,
    if_new,
    line,
    listed,
    moment,
    open_gradebook,
    option,
    person_line,
)
from katas_course.downloads import composed
from katas_course.gradebook import Gradebook, batches, people, removal
from katas_course.gradebook.people import Directory, Listing
from katas_course.gradebook.roster_changes import RosterChanges, import_roster
from katas_course.platforms import PLATFORMS
from katas_course.roster import UNKNOWN
from katas_course.roster_files import RosterFile
from katas_course.written_files import refresh_tables, write_table

app = typer.Typer(help="Show and change the roster.", no_args_is_help=True, rich_markup_mode=None)

MANY_LEFT = 0.1  # of the people on the roster
READ = ("id", "name", "first name", "last name", "e-mail", "section", "group", "github")  # the columns of a roster


@app.command("import")
def import_(
    file: Annotated[Path, argument("FILE", "A CSV file.")],
    encoding: Annotated[
        str | None, option("The encoding of the file, such as gbk or cp1251; by default, it is guessed.", "NAME")
    ] = None,
    gradebook: Url = DEFAULT_URL,
    by: By = None,
) -> None:
    """Import the roster, or update it.

    The file has a line for each person, and its first line names the columns: id, name, e-mail, section, group and
    github, the login there. You can also use the lists of learning platforms, such as Canvas's gradebook, Moodle's list
    of participants or grading worksheet, and the rosters of Gradescope and GitHub Classroom. People who are not in the
    file are marked as left, but not deleted.
    """
    read = roster_files.read(file, encoding)
    roster_files.check_logins(read)
    made = if_new(gradebook)
    with open_gradebook(gradebook, by, new=True) as book:
        changes = book.write(import_roster, read)
        listings, tables = book.read(Directory).listings(), refresh_tables(book)
    print("\n".join([*made, *_lines(file, read, changes, listings), *tables]))


def _lines(file: Path, read: RosterFile, changes: RosterChanges, listings: list[Listing]) -> list[str]:
    """Return what an import has changed. If many people have left, the file may be that of one section."""
    made = f" (read as {PLATFORMS[read.system].title}'s)" if read.system else ""
    counts = {"new": changes.added, "changed": changes.changed, "back": changes.returned, "left": changes.left}
    words = ", ".join(f"{len(each)} {name}" for name, each in counts.items() if each) or "nothing has changed"
    lines = [f"{file}{made}: {counted(len(read.entries), 'person', 'people')}; {words}"]
    here = [each for each in listings if each.roster is not None and each.roster.left_at is None]
    before = len(here) - len(changes.added) - len(changes.returned) + len(changes.left)
    if len(changes.left) > MANY_LEFT * before:
        lines.append(
            f"WARNING: {len(changes.left)} of {before} people are now marked as left, because this file lacks them. "
            "If it is not the whole course, import the complete file again: that brings them back as they were."
        )
    if read.sample:
        lines.append(f'WARNING: the encoding was guessed, and a name reads "{read.sample}". If it is wrong: --encoding')
    if read.repaired:
        each = ", ".join(f"{after} was {before}" for before, after in read.repaired.items())
        lines.append(f"WARNING: a spreadsheet had changed ids, so they were repaired: {line(each, 1_000)}")
    for name in read.unread:
        near = difflib.get_close_matches(name.casefold(), READ, n=1)
        lines.append(f"WARNING: the column {name} was not read." + "".join(f" Did you mean {each}?" for each in near))
    unknown = [each.id for each in listings if each.roster is None and each.names]
    doubtful = [each for each in listings if each.id in unknown and each.why != UNKNOWN]
    groups = {
        "marked as left": changes.left,
        "left out, because they are not students": read.skipped,
        "submitted, but not in the roster": unknown,
    }
    lines += [f"{what}: {listed(names)}" for what, names in groups.items() if names]
    if unknown:
        lines.append("To match a name to a person on the roster: katas gradebook people match NAME ID")
    whose = [
        f"{each.id} {each.why}. Decide: katas gradebook people match {shlex.quote(each.id)} ID" for each in doubtful
    ]
    kept = [
        f"{name} is {owner}, as before, although this roster "
        + (f"gives it to {new}" if new else "has other ids for it")
        + f". To change that: katas gradebook people match {shlex.quote(name)} ID"
        for name, (owner, new) in sorted(changes.kept.items())
    ]
    apart = [
        f"{name} is now {' and '.join(map(shlex.quote, new))}, because several people have this name. Remove the pages "
        f"that were written before (feedback/{name})"
        for name, new in sorted(changes.told_apart.items())
    ]
    return [
        *lines,
        *first_of("WARNING: marks have moved", changes.moved),
        *first_of("WARNING: an id with marks or decisions has another name", changes.renamed),
        *first_of("WARNING: the name of submissions", kept),
        *first_of("told apart", apart),
        *first_of("counts for no one", whose),
    ]


@app.command("list")
def list_(gradebook: Url = DEFAULT_URL) -> None:
    """List everyone on the roster, and everyone else who has submitted."""
    with open_gradebook(gradebook) as book:
        listings = book.read(Directory).listings()
    if not listings:
        raise KataError(f"{gradebook}: there are no people. Import a roster with `katas gradebook people import`.")
    for each in listings:
        print(person_line(each, "  ", "left"))


@app.command()
def match(
    name: Annotated[str, argument("NAME", "The name of the submissions.")],
    person: Annotated[str | None, argument("[PERSON]", "The person on the roster.")] = None,
    undo: Annotated[bool, option("Remove a match that was made by hand.", None, "--undo")] = False,
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
    Path | None, option("Also clean this batch folder, such as a copy, or one that was moved.", "DIR", "--batch")
]
DryRun = Annotated[bool, option("Only show what would be removed.", None, "--dry-run")]
Yes = Annotated[bool, option("Remove it without asking.", None, "--yes")]


def forget(
    person: Annotated[str, argument("PERSON", "The person whose data to remove.")],
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
        is_here = batch is None or directory.is_known(person)
        if not is_here:
            (place,) = _present([], batch)
            with place.reading() as held:
                directory = held.book.read(Directory)
        # Found before anything is removed: without this person, a name that two people have means the other one.
        names = {composed(person)}
        if is_here or directory.is_known(person):
            person = directory.known(person)
            names = {composed(name) for name in directory.names_of(person)}

        def forget_in(store: Gradebook) -> None:
            if is_here or store.address != book.address:
                removal.forget(store, person, names)

        remove = _Removal(book, lambda name, _: composed(name) in names, forget_in)
        folders = book.read(removal.batches_of, person) if is_here else []
        also = f" (submits as {', '.join(sorted(names))})" if names - {person} else ""
        if not remove.confirmed(
            f"{person}{also} in {gradebook if is_here else batch}", folders, batch, dry_run=dry_run, yes=yes
        ):
            return
        if not is_here and remove([], batch):
            return  # an earlier command removed the person from the gradebook, but did not find this batch folder
        folders = book.read(removal.batches_of, person)
        remove(folders, batch)
    print(f"{person}: removed from {gradebook}")
    _expect_present(folders, batch, f"katas gradebook forget {shlex.quote(person)}")


def expire(
    before: Annotated[str, option("Remove what was submitted before this time.", "TIME")],
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
        remove = _Removal(book, lambda _, time: time < end, lambda store: removal.forget_before(store, end))
        if not remove.confirmed(f"{count} submissions in {gradebook}", folders, batch, dry_run=dry_run, yes=yes):
            return
        remove(folders, batch)
    print(f"{count} submissions removed from {gradebook}")
    _expect_present(folders, batch, f"katas gradebook expire --before {before}")


def _expect_present(folders: Sequence[str], batch: Path | None, command: str) -> None:
    """Raise KataError if batch folders are missing.

    If --batch names another folder, assume that one of the missing folders was moved there.
    """
    gone = [each for each in folders if not Batch(Path(each)).exists]
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

    def confirmed(self, what: str, folders: Sequence[str], batch: Path | None, *, dry_run: bool, yes: bool) -> bool:
        """Show what would be removed, and return whether to remove it. Raises KataError if no one can be asked."""
        found = _present(folders, batch)
        if yes and not dry_run:
            return True
        print(f"to be removed: {what}")
        for each in found:
            with each.reading() as held, held.book.transaction() as transaction:
                stored = batches.submissions(transaction, held.batch(transaction))
                count = sum(self.unwanted(one.person.name, one.submitted_at) for one in stored)
            print(f"to be removed: {count} submissions in {each.out}")
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

    def __call__(self, folders: Sequence[str], batch: Path | None) -> int:
        """Remove the submissions, and return the number of removed verdicts in the folders."""
        removed, found = 0, _present(folders, batch)
        for each in found:
            with each.open() as held:
                verdicts, dropped = each.clean(held, self.unwanted)
                if held.book.address != self.book.address:
                    self.remove(held.book)
            print(f"{each.out}: {verdicts} verdicts and {dropped} submissions removed")
            removed += verdicts
        self.remove(self.book)
        for each in found:
            with each.reading() as held:
                write_table(each, held)
        return removed


def _present(folders: Sequence[str], batch: Path | None) -> list[Batch]:
    """Return the batches in those of the folders that are there, and in the one that was named, which must be there."""
    if batch is not None and not Batch(batch).exists:
        raise KataError(f"{batch}: not a batch. {SPECIFY}")
    found = {Path(each).resolve(): Batch(Path(each)) for each in folders if Batch(Path(each)).exists}
    if batch is not None:
        found[batch.resolve()] = Batch(batch)
    return list(found.values())
