"""Change the roster: import a file, and match submitted names by hand."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from graders.course.gradebook.people import Directory, roster_rows
from graders.course.gradebook.tables import RosterIdRow, RosterRow
from graders.course.gradebook.transaction import Transaction
from graders.course.roster import BY_HAND, Roster, RosterPerson
from graders.course.roster_files import RosterEntry, RosterFile
from graders.course.submissions import as_utc, composed
from graders.errors import KataError

COLUMNS = ("name", "email", "section", "team")


@dataclass
class RosterChanges:
    """The ids of the people whom an import of a roster added, changed, marked as left, or found again."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)
    returned: list[str] = field(default_factory=list)


def import_roster(transaction: Transaction, file: RosterFile) -> RosterChanges:
    """Add the people in a file to the roster, update those who are on it, and mark those not in the file as left."""
    roster = Directory(transaction).roster
    others = _others(roster)
    chosen: dict[str, RosterEntry] = {}
    for entry in file.entries:
        if not (entry.id or entry.email or entry.ids):
            raise KataError(
                f"{file.path}, line {entry.line}: it has no id and no e-mail address, and Moodle's participant numbers "
                "change with every assignment. Import Moodle's list of participants."
            )
        person = _id_for(roster, entry, file, others)
        if person in chosen:
            raise KataError(
                f"{file.path}, line {entry.line}: this is {person} again, who is in line {chosen[person].line} too. "
                "Remove one of the lines."
            )
        chosen[person] = entry
    changes = RosterChanges()
    owners = {place: person for person, entry in chosen.items() for place in entry.ids}
    before = {person: _without_ids_of_others(known, owners) for person, known in roster.people.items()}
    new = {person: _merged(person, before.get(person), entry) for person, entry in chosen.items()}
    for person, known in before.items():
        if person not in chosen:
            new[person] = replace(known, left_at=known.left_at or as_utc(datetime.datetime.now(datetime.UTC)))
    _write(transaction, [each for person, each in new.items() if each != roster.people.get(person)])
    for person, after in new.items():
        _note(transaction, roster.people.get(person), after, changes)
    return changes


def _without_ids_of_others(known: RosterPerson, owners: Mapping[tuple[str, str], str]) -> RosterPerson:
    """Return a person without the ids of other systems that now belong to someone else."""
    return replace(known, ids=tuple(each for each in known.ids if owners.get(each, known.id) == known.id))


def _merged(person: str, known: RosterPerson | None, entry: RosterEntry) -> RosterPerson:
    """Return a person with the values of an entry. Columns that the file lacks stay as they are.

    A new id in another system replaces the earlier one.
    """
    before = known or RosterPerson(person)
    replaced = {system for system, _ in entry.ids}
    kept = {each for each in before.ids if each[0] not in replaced}
    given = {name: value for name in COLUMNS if (value := getattr(entry, name)) is not None}
    return replace(before, **given, left_at=None, ids=tuple(sorted({*kept, *entry.ids})))


def _write(transaction: Transaction, people: Sequence[RosterPerson]) -> None:
    """Write people to the roster. An id of another system belongs to the last of them who has it."""
    rows = {row.id: row for row in roster_rows(transaction.session)}
    ids = {(each.system, each.value): each for row in rows.values() for each in row.ids}
    for person in people:
        row = rows.setdefault(person.id, RosterRow(id=person.id))
        for column in (*COLUMNS, "left_at"):
            setattr(row, column, getattr(person, column))
        transaction.session.add(row)
    transaction.session.flush()
    for person in people:
        for place in person.ids:
            if place not in ids:
                ids[place] = RosterIdRow(system=place[0], value=place[1], roster_id=person.id)
                transaction.session.add(ids[place])
            elif ids[place].roster_id != person.id:
                ids[place].roster_id = person.id
    own = {person.id: person.ids for person in people}
    for place, each in ids.items():
        if place not in own.get(each.roster_id, (place,)):
            transaction.session.delete(each)
    transaction.session.flush()
    transaction.session.expire_all()


def _note(transaction: Transaction, before: RosterPerson | None, after: RosterPerson, changes: RosterChanges) -> None:
    """Add a line about a person to the audit trail, and to the changes."""
    if after == before:
        return
    transaction.note("roster", after.id, before="" if before is None else described(before), after=described(after))
    if before is None:
        changes.added.append(after.id)
    elif before.left_at is None and after.left_at is not None:
        changes.left.append(after.id)
    elif before.left_at is not None and after.left_at is None:
        changes.returned.append(after.id)
    else:
        changes.changed.append(after.id)


def _id_for(roster: Roster, entry: RosterEntry, file: RosterFile, others: Mapping[str, set[str]]) -> str:
    """Return the roster's id for an entry. An entry from a learning platform may belong to a person with another id."""
    if entry.id in roster.people or (entry.id and not file.system):
        return entry.id
    for names in ([value for _, value in entry.ids], [entry.email or ""]):
        fitting = set().union(*(others.get(name.casefold(), set()) for name in names if name))
        if len(fitting) == 1:
            return fitting.pop()
    return entry.id or entry.email or entry.ids[0][1]


def _others(roster: Roster) -> dict[str, set[str]]:
    """Map e-mail addresses and ids in other systems to the people on the roster who have them."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    for person in roster.people.values():
        for name in (person.email, *(value for _, value in person.ids)):
            found[name.casefold()].add(person.id)
    return found


def match_by_hand(transaction: Transaction, name: str, person: str | None) -> str:
    """Match a submitted name to a person on the roster, or with None remove such a match. Return the person's id."""
    known = transaction.session.get(RosterIdRow, (BY_HAND, composed(name)))
    before = known.roster_id if known else ""
    if known is not None:
        transaction.session.delete(known)
        transaction.session.flush()
    elif person is None:
        raise KataError(f"{name}: it was not matched by hand. `katas gradebook people list` shows how it was matched.")
    directory = Directory(transaction)
    found = "" if person is None else directory.known(person)
    if person is not None:
        if found not in directory.roster.people:
            raise KataError(f"{person}: not in the roster. `katas gradebook people list` shows everyone's id.")
        transaction.session.add(RosterIdRow(system=BY_HAND, value=composed(name), roster_id=found))
    transaction.note("matched", composed(name), before=before, after=found)
    return found


def described(person: RosterPerson) -> str:
    """Describe a person on the roster in one line."""
    words: Sequence[str] = [person.name, person.email, person.section, person.team]
    ids = [f"{system} {value}" for system, value in person.ids]
    left = [f"left {person.left_at}"] if person.left_at else []
    return ", ".join(filter(None, [*words, *ids, *left])) or person.id
