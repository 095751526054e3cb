"""Change the roster: import a file, and match submitted names by hand."""

from __future__ import annotations

import datetime
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from graders.course.gradebook.people import Directory, person_in
from graders.course.gradebook.tables import RosterIdRow, RosterRow
from graders.course.gradebook.transaction import Transaction
from graders.course.roster import BY_HAND, Roster, RosterPerson
from graders.course.roster_files import RosterEntry, RosterFile
from graders.course.submissions import as_utc, composed
from graders.errors import KataError


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
        person = _id_for(roster, entry, file, others)
        if person in chosen:
            raise KataError(
                f"{file.path}, line {entry.line}: this is {person} again, who is in line {chosen[person].line} too. "
                "Remove one of the lines."
            )
        chosen[person] = entry
    changes = RosterChanges()
    for person, entry in chosen.items():
        _update(transaction, person, entry, changes)
    for person, known in roster.people.items():
        if person not in chosen and known.left_at is None:
            _mark_as_left(transaction, person)
            changes.left.append(person)
    return changes


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


def _update(transaction: Transaction, person: str, entry: RosterEntry, changes: RosterChanges) -> None:
    row = transaction.session.get(RosterRow, person)
    before = None if row is None else person_in(row)
    if row is None:
        row = RosterRow(id=person, name="", email="", section="", team="")
        transaction.session.add(row)
    for column in ("name", "email", "section", "team"):
        value = getattr(entry, column)
        if value is not None:
            setattr(row, column, value)
    row.left_at = None
    transaction.session.flush()
    for system, value in entry.ids:
        _set_id(transaction, row, system, value)
    transaction.session.flush()
    transaction.session.refresh(row)
    after = person_in(row)
    if after == before:
        return
    transaction.note("roster", person, before="" if before is None else described(before), after=described(after))
    if before is None:
        changes.added.append(person)
    elif before.left_at is not None:
        changes.returned.append(person)
    else:
        changes.changed.append(person)


def _set_id(transaction: Transaction, row: RosterRow, system: str, value: str) -> None:
    known = transaction.session.get(RosterIdRow, (system, value))
    if known is None:
        transaction.session.add(RosterIdRow(system=system, value=value, roster_id=row.id))
    elif known.roster_id != row.id:
        known.roster_id = row.id


def _mark_as_left(transaction: Transaction, person: str) -> None:
    row = transaction.session.get(RosterRow, person)
    assert row is not None
    before = described(person_in(row))
    row.left_at = as_utc(datetime.datetime.now(datetime.UTC))
    transaction.note("roster", person, before=before, after=described(person_in(row)))


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
