"""Find the people of a course: those on the roster, and those who submitted under any name."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from graders.course.gradebook.tables import AuditRow, PersonRow, RosterRow
from graders.course.gradebook.transaction import Transaction
from graders.course.roster import Match, Roster, RosterPerson
from graders.course.submissions import composed, forms
from graders.errors import KataError

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
    """The people of a course. Each has one id: the roster's, or the submitted name of someone not on the roster."""

    def __init__(self, transaction: Transaction) -> None:
        self._gradebook = transaction.gradebook
        self.roster = _roster(transaction.session)
        self.names = sorted(transaction.session.scalars(sa.select(PersonRow.name)))
        self.matches = {name: self._match(name) for name in self.names}

    def _match(self, name: str) -> Match:
        return self.roster.match(name) if self.roster.people else Match(None, "")

    def id_of(self, name: str) -> str:
        """Return the id of the person who submitted under this name."""
        match = self.matches.get(name) or self._match(name)
        return match.id or name

    def names_of(self, person: str) -> list[str]:
        """Return the submitted names of the person with this id."""
        return [name for name in self.names if self.id_of(name) == person]

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
            several = f" ({match.how})" if match.how.startswith("fits") else ""
            raise KataError(
                f"{name}: no such person in {self._gradebook}{several}. `katas gradebook show` lists everyone."
            )
        return match.id

    def listings(self) -> list[Listing]:
        """Return everyone in the roster, and everyone else who has a name in the gradebook."""
        of_person: dict[str, list[tuple[str, str]]] = {each: [] for each in self.roster.people}
        for name in self.names:
            of_person.setdefault(self.id_of(name), []).append((name, self.matches[name].how))
        return [self._listing(each, names) for each, names in sorted(of_person.items())]

    def _listing(self, person: str, names: list[tuple[str, str]]) -> Listing:
        on_roster = self.roster.people.get(person)
        return Listing(person, on_roster, tuple(names), "" if on_roster or not names else names[0][1])


def person_in(row: RosterRow) -> RosterPerson:
    """Return the person in a row of the roster."""
    ids = tuple(sorted((each.system, each.value) for each in row.ids))
    return RosterPerson(row.id, row.name, row.email, row.section, row.team, row.left_at, ids)


def rows_of(transaction: Transaction, person: str) -> list[PersonRow]:
    """Return the rows of all names of a person. Raises KataError for an unknown person."""
    directory = Directory(transaction)
    names = directory.names_of(directory.known(person))
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


def _roster(session: Session) -> Roster:
    """Return the roster. It is built again only if it has changed, because a batch asks for it with each submission."""
    changes = sa.select(sa.func.max(AuditRow.id)).where(AuditRow.what.in_(ROSTER_CHANGES))
    version = session.scalar(changes), session.scalar(sa.select(sa.func.count()).select_from(RosterRow))
    if session.info.get("roster", (None, None))[0] != version:
        session.info["roster"] = version, Roster(map(person_in, roster_rows(session)))
    found: Roster = session.info["roster"][1]
    return found


def roster_rows(session: Session) -> list[RosterRow]:
    """Return all rows of the roster with their ids."""
    return list(session.scalars(sa.select(RosterRow).options(selectinload(RosterRow.ids)).order_by(RosterRow.id)))
