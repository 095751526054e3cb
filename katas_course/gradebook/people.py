"""Find the people of a course, on the roster or not, and change the roster.

Each person has one *id*, and any number of submitted *names*, each with a row (PersonRow). What a user types, in an
argument `person`, may be any name or id; `Directory.known` turns it into the id.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from graders.errors import KataError
from katas_course.downloads import composed
from katas_course.gradebook.database import Transaction
from katas_course.gradebook.tables import AuditRow, PersonRow, RosterIdRow, RosterRow
from katas_course.platforms import PLATFORMS
from katas_course.platforms.platform import RosterEntry
from katas_course.roster import BY_HAND, UNKNOWN, Match, Roster, RosterPerson
from katas_course.roster_files import RosterFile
from katas_course.submissions import forms, now

IdKey = tuple[str, str]  # a person's id, and a kata's slug
ROSTER_CHANGES = ("roster", "matched")  # these lines of the audit trail are about the roster


@dataclass(frozen=True)
class Listing:
    """A person of the course, with the names of their submissions, and how these were matched to the roster.

    `roster` is None for a person who is not on the roster. Then, `why` says why not.
    """

    id: str
    roster: RosterPerson | None
    names: tuple[tuple[str, str], ...]
    why: str = ""


class Directory:
    """The people of a course. Each has one id: the roster's, or the submitted name of someone not on the roster.

    A directory stays as it was when it was read.
    """

    def __init__(self, transaction: Transaction) -> None:
        self._gradebook = transaction.gradebook
        self.roster = _current_roster(transaction.session)
        self.submitters = sorted(transaction.session.scalars(sa.select(PersonRow.name)))
        self.matches = {name: self._match(name) for name in self.submitters}

    def _match(self, name: str) -> Match:
        return self.roster.match(name) if self.roster.people else Match(None, "")

    def id_of(self, name: str) -> str:
        """Return the id of the person who submitted under this name."""
        match = self.matches.get(name) or self._match(name)
        return match.id or name

    def names_of(self, id_: str) -> list[str]:
        """Return the submitted names of the person with this id."""
        return [name for name in self.submitters if self.id_of(name) == id_]

    def is_known(self, name: str) -> bool:
        """Return whether any person has this name or id."""
        return bool(forms(name) & self.matches.keys()) or self._match(name).id is not None

    def known(self, name: str) -> str:
        """Return the id of a person, given any of their names or ids. Raises KataError for an unknown person."""
        stored = sorted(forms(name) & self.matches.keys())
        if stored:
            return self.id_of(composed(name) if composed(name) in stored else stored[0])
        match = self._match(name)
        if match.id is None:
            several = "" if match.how == UNKNOWN else f" ({match.how})"
            raise KataError(
                f"{name}: no such person in {self._gradebook}{several}. `katas gradebook show` lists everyone."
            )
        return match.id

    def names(self, person: str) -> list[str]:
        """Return all submitted names of a person, given any of them. Raises KataError for an unknown person."""
        return self.names_of(self.known(person))

    def every_name(self, name: str) -> list[str]:
        """Return the id and all submitted names of a person, given any of them. Raises KataError for an unknown one."""
        known = self.known(name)
        return [known, *self.names_of(known)]

    def listings(self) -> list[Listing]:
        """Return everyone on the roster and everyone else who has submitted, sorted by id."""
        of_person: dict[str, list[tuple[str, str]]] = {each: [] for each in self.roster.people}
        for name in self.submitters:
            of_person.setdefault(self.id_of(name), []).append((name, self.matches[name].how))
        result = []
        for person, names in sorted(of_person.items()):
            on_roster = self.roster.people.get(person)
            result.append(Listing(person, on_roster, tuple(names), "" if on_roster or not names else names[0][1]))
        return result


def rows_of(transaction: Transaction, person: str) -> list[PersonRow]:
    """Return the rows of all names of a person. Raises KataError for an unknown person."""
    names = Directory(transaction).names(person)
    return list(transaction.session.scalars(sa.select(PersonRow).where(PersonRow.name.in_(names)).order_by("id")))


def row_for(transaction: Transaction, person: str) -> PersonRow:
    """Return a row of a person, and add one for a person on the roster who has not submitted yet."""
    rows = rows_of(transaction, person)
    if rows:
        return rows[0]
    row = PersonRow(name=Directory(transaction).known(person))
    transaction.session.add(row)
    transaction.session.flush()
    return row


def _current_roster(session: Session) -> Roster:
    """Return the roster. It is built again only if it has changed, because a batch asks for it with each submission."""
    changes = sa.select(sa.func.max(AuditRow.id)).where(AuditRow.what.in_(ROSTER_CHANGES))
    version = session.scalar(changes), session.scalar(sa.select(sa.func.count()).select_from(RosterRow))
    if session.info.get("roster", (None, None))[0] != version:
        rows = session.scalars(sa.select(RosterRow).options(selectinload(RosterRow.ids)).order_by(RosterRow.id))
        session.info["roster"] = version, Roster(map(_person_in, rows))
    found: Roster = session.info["roster"][1]
    return found


def _person_in(row: RosterRow) -> RosterPerson:
    ids = tuple(sorted((each.system, each.value) for each in row.ids))
    return RosterPerson(row.id, row.name, row.email, row.section, row.team, row.left_at, ids)


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
    others: defaultdict[str, set[str]] = defaultdict(set)  # the people by e-mail address and by id in other systems
    for each in roster.people.values():
        for name in (each.email, *(value for _, value in each.ids)):
            others[name.casefold()].add(each.id)
    chosen: dict[str, RosterEntry] = {}
    for entry in file.entries:
        if not (entry.id or entry.email or entry.ids):
            title = PLATFORMS[file.system].title
            raise KataError(
                f"{file.path}, line {entry.line}: it has no id and no e-mail address, and {title}'s participant "
                f"numbers change with every assignment. Import {title}'s list of participants."
            )
        person = _id_for(roster, entry, file, others)
        if person in chosen:
            raise KataError(
                f"{file.path}, line {entry.line}: this is {person} again, who is in line {chosen[person].line} too. "
                "Remove one of the lines."
            )
        chosen[person] = entry
    owners = {key: person for person, entry in chosen.items() for key in entry.ids}
    new = {}
    for person in {**roster.people, **chosen}:
        known = roster.people.get(person) or RosterPerson(person)
        # An id of another system may belong to someone else now.
        known = replace(known, ids=tuple(each for each in known.ids if owners.get(each, person) == person))
        in_file = person in chosen
        new[person] = _merged(known, chosen[person]) if in_file else replace(known, left_at=known.left_at or now())
    changed = [each for person, each in new.items() if each != roster.people.get(person)]
    _write(transaction, changed)
    changes = RosterChanges()
    for after in changed:
        before = roster.people.get(after.id)
        transaction.note("roster", after.id, before=described(before) if before else "", after=described(after))
        if before is None:
            changes.added.append(after.id)
        elif (before.left_at is None) == (after.left_at is None):
            changes.changed.append(after.id)
        else:
            (changes.returned if after.left_at is None else changes.left).append(after.id)
    return changes


def _merged(known: RosterPerson, entry: RosterEntry) -> RosterPerson:
    """Return a person with the values of an entry. Columns that the file lacks stay as they are.

    A new id in another system replaces the earlier one.
    """
    replaced = {system for system, _ in entry.ids}
    kept = {each for each in known.ids if each[0] not in replaced}
    given = {name: value for name in COLUMNS if (value := getattr(entry, name)) is not None}
    return replace(known, **given, left_at=None, ids=tuple(sorted({*kept, *entry.ids})))


def _write(transaction: Transaction, people: Sequence[RosterPerson]) -> None:
    """Write people to the roster. Ids of other systems replace earlier ones, of whomever they were."""
    session = transaction.session
    for person in people:
        session.merge(RosterRow(id=person.id, **{name: getattr(person, name) for name in (*COLUMNS, "left_at")}))
        session.flush()
        session.execute(sa.delete(RosterIdRow).where(RosterIdRow.roster_id == person.id))
    for person in people:
        for system, value in person.ids:
            session.execute(sa.delete(RosterIdRow).filter_by(system=system, value=value))
            session.execute(sa.insert(RosterIdRow).values(system=system, value=value, roster_id=person.id))
    session.expire_all()


def _id_for(roster: Roster, entry: RosterEntry, file: RosterFile, others: Mapping[str, set[str]]) -> str:
    """Return the roster's id for an entry. An entry from a learning platform may belong to a person with another id."""
    if entry.id in roster.people or (entry.id and not file.system):
        return entry.id
    for names in ([value for _, value in entry.ids], [entry.email or ""]):
        fitting = set().union(*(others.get(name.casefold(), set()) for name in names if name))
        if len(fitting) == 1:
            return fitting.pop()
    return entry.id or entry.email or entry.ids[0][1]


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
    if person is not None and (those := directory.roster.namesakes(name)):
        raise KataError(
            f"{name}: {' and '.join(those)} have this name, so later submissions under it could be the other one's. "
            "`katas grade-batch` adds Moodle's numbers to such names: grade the download again, and match those. In a "
            "folder of submissions, rename theirs to the person's id."
        )
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
