"""`katas gradebook people`: the roster of a course."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graders.cli.gradebook.options import DEFAULT_URL, By, Url, if_new, line, listed, open_gradebook
from graders.errors import KataError

if TYPE_CHECKING:
    from graders.course.gradebook.people import Listing
    from graders.course.gradebook.roster import RosterChanges
    from graders.course.roster_files import RosterFile

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
    from graders.course import roster_files
    from graders.course.written_files import refresh_tables

    read = roster_files.read(file)
    made = if_new(gradebook)
    with open_gradebook(gradebook, by, new=True) as book:
        changes = book.import_roster(read)
        listings, tables = book.people(), refresh_tables(book)
    said = [_counts(file, read, changes), *_many_left(changes, listings), *_lists(read, changes, listings)]
    print("\n".join([*made, *said, *tables]))


def _counts(file: Path, read: RosterFile, changes: RosterChanges) -> str:
    from graders.course.roster_files import SYSTEM_NAMES

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
        listings = book.people()
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
def show(
    person: Annotated[str, typer.Argument(metavar="PERSON", help="Any name or id of the person.")],
    gradebook: Url = DEFAULT_URL,
) -> None:
    """Show what the roster says about a person, and their submitted names."""
    with open_gradebook(gradebook) as book:
        known = book.id_of(person)
        (found,) = (each for each in book.people() if each.id == known)
    roster = found.roster
    if roster is None:
        print(f"{line(found.id)}: {line(found.why) or 'there is no roster'}")
    else:
        values = {"name": roster.name, "e-mail": roster.email, "section": roster.section, "group": roster.team}
        print(line(roster.id))
        for name, value in {**values, "left": roster.left_at or ""}.items():
            if value:
                print(f"  {name}: {line(value)}")
        for system, value in roster.ids:
            print(f"  {line(system)}: {line(value)}")
    for name, how in found.names:
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
    from graders.course.written_files import refresh_tables

    if undo == (person is not None):
        raise KataError("Specify either the person on the roster, or --undo.")
    with open_gradebook(gradebook, by) as book:
        found = book.match_by_hand(name, person)
        tables = refresh_tables(book)
    now = f"submissions of {line(found)}" if found else "no longer matched by hand"
    print("\n".join([f"{line(name)}: {now}", *tables]))
