"""Find the people of a course, on the roster or not, and match names to them.

Each person has one *id*, and any number of submitted *names*, each with a row (PersonRow). What a user types, in an
argument `person`, may be any name or id; `Directory.known` turns it into the id.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session, selectinload

from graders.errors import KataError
from katas_course.downloads import ANONYMOUS, SubmissionEntry, composed
from katas_course.gradebook.database import Transaction
from katas_course.gradebook.tables import AuditRow, PersonRow, RosterIdRow, RosterRow, SourceRow
from katas_course.identity import NUMBER, Said, by_roster, compare, in_words
from katas_course.roster import BY_HAND, BY_TIMES, KEPT, MATCHED, UNKNOWN, Match, Roster, RosterPerson, spellings
from katas_course.submissions import forms

IdKey = tuple[str, str]  # a person's id, and a kata's slug
NO_ONE = ("", UNKNOWN)  # how a name is matched that no one has, without a roster and with one
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
    said: Said = frozenset()  # by the roster and by the sources of the submissions


class Directory:
    """The people of a course. Each has one id: the roster's, or the submitted name of someone not on the roster.

    A directory stays as it was when it was read.
    """

    def __init__(self, transaction: Transaction) -> None:
        self._gradebook = transaction.gradebook
        self.roster = _current_roster(transaction.session)
        self.submitters = sorted(transaction.session.scalars(sa.select(PersonRow.name)))
        rows = transaction.session.execute(
            sa.select(PersonRow.name, SourceRow.kind, SourceRow.value).join(
                SourceRow, SourceRow.person_id == PersonRow.id
            )
        )
        self._said: defaultdict[str, set[tuple[str, str]]] = defaultdict(set)
        self._numbered: defaultdict[tuple[str, str], set[str]] = defaultdict(set)  # names by kata and number
        self._told_apart: set[str] = set()  # names that are stored with a number at their end
        for name, kind, value in rows:
            self._said[name].add((kind, value))
            if kind.startswith(NUMBER):
                self._numbered[kind, value].add(name)
                if name.endswith(f"_{value}"):
                    self._told_apart.add(name.removesuffix(f"_{value}"))
        self.matches = {name: self._match(name) for name in self.submitters}

    def _match(self, name: str) -> Match:
        """Match a name: by hand, then by what its source has said, then by the name itself unless that contradicts."""
        if not self.roster.people:
            return Match(None, "")
        match, known = self.roster.match(name), self.said_of(name)
        if known and match.how not in MATCHED.values():
            owner = self.roster.owner(value for kind, value in known if not kind.startswith(NUMBER))
            if owner is not None:
                return match if match.id == owner else Match(owner, MATCHED[BY_TIMES])
            of_roster = by_roster(self.roster.people[match.id]) if match.id else frozenset()
            if compare(of_roster, known) == "contradicts":
                return Match(None, f"{match.id} has {in_words(of_roster, known)}, not {in_words(known, of_roster)}")
        return match

    def _known_match(self, name: str) -> Match:
        return self.matches.get(name) or self._match(name)

    def said_of(self, name: str) -> Said:
        """Return what the sources of the submissions under this name have said."""
        return frozenset(self._said.get(composed(name), ()))

    def katas_of(self, numbers: Collection[str]) -> set[str]:
        """Return the katas for which a platform has given one of these numbers to anyone."""
        return {kind.removeprefix(NUMBER) for kind, value in self._numbered if value in numbers}

    def named(self, katas: Collection[str]) -> set[tuple[str, str]]:
        """Return names as `spellings`, with the group on the roster and with a platform's number for these katas."""
        groups = ((each.team, each.name) for each in self.roster.people.values() if each.team)
        numbers = (
            (value, name.removesuffix(f"_{value}"))
            for (kind, value), names in self._numbered.items()
            for name in names
            if kind.removeprefix(NUMBER) in katas
        )
        return {(first, each) for first, name in (*groups, *numbers) for each in spellings(name)}

    def called(self, entry: SubmissionEntry, katas: Collection[str]) -> str:
        """Return the name to store an entry under: a platform's number is a part of it if several people have the name.

        A name without the number stays if it was stored with this number for one of the katas.
        """
        number, name = entry.participant, entry.person.removesuffix(f"_{entry.participant}")
        if not number or {(NUMBER + kata, number) for kata in katas} & self.said_of(name):
            return name if number else entry.person
        is_shared = name in self._told_apart or self.roster.namesakes(name) or self._heir(name)
        return f"{name}_{number}" if is_shared else entry.person

    def is_by_name(self, name: str, new: Said) -> bool:
        """Return whether only the name says that a source means a person with earlier submissions.

        On the roster, it is unique, unless it is that of a namesake with a number, which could come from another kata.
        """
        is_numbered = any(kind.startswith(NUMBER) and name.endswith(f"_{value}") for kind, value in new)
        is_unique = bool(self.roster.people) and not is_numbered
        return not is_unique and name in self.matches and compare(self.said_of(name), new) == "unknown"

    def doubt(self, name: str, new: Said) -> str:
        """Return why a source that says this may mean someone else than a submitted name does, or an empty string."""
        known, match = self.said_of(name), self._known_match(name)
        if match.id:
            known |= by_roster(self.roster.people[match.id])
        owner = self.roster.owner(value for kind, value in new if not kind.startswith(NUMBER))
        is_owner = match.id and match.id == owner
        found = "equal" if is_owner else compare(known, new)
        if found == "contradicts":
            return f"stored with {in_words(known, new)}, but here it has {in_words(new, known)}"
        others = {each for pair in new for each in self._numbered.get(pair, ()) if each != composed(name)}
        others -= {each for each in others if each.startswith(f"{ANONYMOUS}_")}  # the platform hid the name
        if others and found != "equal":
            return f"here it has the number of {', '.join(sorted(others))}"
        heir, is_numbered = self._heir(name), any(kind.startswith(NUMBER) for kind, _ in known & new)
        if heir and (found != "equal" or (owner == heir and not is_numbered)):
            return f"earlier submissions under this name are those of {match.id}, and {heir} has it now"
        elsewhere = {kind for kind, _ in known} - {kind for kind, _ in new}
        unknown = found == "unknown" or (elsewhere and all(kind.startswith(NUMBER) for kind, _ in known))
        those = self.roster.namesakes(name) if unknown else []
        return f"{' and '.join(those)} have this name" if those else ""

    def _heir(self, name: str) -> str | None:
        """Return who has a name now, if an import or an id from a worksheet says whose the submissions are instead."""
        match, now = self._known_match(name), self.roster.by_itself(composed(name))
        return now.id if match.how in (MATCHED[KEPT], MATCHED[BY_TIMES]) and now.id != match.id else None

    def id_of(self, name: str) -> str:
        """Return the id of the person who submitted under this name."""
        return self._known_match(name).id or name

    def names_of(self, id_: str) -> list[str]:
        """Return the submitted names of the person with this id."""
        return [name for name in self.submitters if self.id_of(name) == id_]

    def is_known(self, name: str) -> bool:
        """Return whether anyone has this name or id, perhaps several people."""
        return bool(forms(name) & self.matches.keys()) or self._match(name).how not in NO_ONE

    def known(self, name: str) -> str:
        """Return the id of a person, given any of their names or ids.

        Raises KataError for an unknown person, and for a full name that several people have, even if it is stored.
        """
        doubt, stored = self.roster.doubt(name), sorted(forms(name) & self.matches.keys())
        if heir := self._heir(name):
            doubt = f"fits several people: {', '.join(sorted([self.id_of(name), heir]))}"
        if stored and not doubt:
            return self.id_of(composed(name) if composed(name) in stored else stored[0])
        match = Match(None, doubt) if doubt else self._match(name)
        if match.id is not None:
            return match.id
        if match.how in NO_ONE:
            raise KataError(f"{name}: no such person in {self._gradebook}. `katas gradebook show` lists everyone.")
        raise KataError(f"{name} {match.how}. Use an id.")

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
        owned = {(pair, each.id) for each in self.roster.here for pair in by_roster(each)}
        taken = {pair for pair, _ in owned}  # perhaps an address that someone else had before
        result = []
        for person, names in sorted(of_person.items()):
            on_roster = self.roster.people.get(person)
            known = frozenset[tuple[str, str]]().union(*(self.said_of(name) for name, _ in names))
            why = "" if on_roster or not names else names[0][1]
            known |= by_roster(on_roster) if on_roster else frozenset()
            known = frozenset(pair for pair in known if pair not in taken or (pair, person) in owned)
            result.append(Listing(person, on_roster, tuple(names), why, known))
        return result


def rows_of(transaction: Transaction, person: str) -> list[PersonRow]:
    """Return the rows of all names of a person. Raises KataError for an unknown person."""
    names = Directory(transaction).names(person)
    return list(transaction.session.scalars(sa.select(PersonRow).where(PersonRow.name.in_(names)).order_by("id")))


def row_for(transaction: Transaction, person: str) -> PersonRow:
    """Return the row for decisions about a person: that of the roster's id, which is added if there is none.

    A submitted name may turn out to be someone else's. It has the row only of someone who isn't on the roster.
    """
    directory = Directory(transaction)
    known = directory.known(person)
    if known in directory.roster.people:
        return transaction.person_added(known)
    return rows_of(transaction, person)[0]


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


def match_by_hand(transaction: Transaction, name: str, person: str | None, system: str = BY_HAND) -> str:
    """Match a submitted name to a person on the roster, or with None remove such a match. Return the person's id.

    `system` says who matched it, as in MATCHED.
    """
    rows = (transaction.session.get(RosterIdRow, (each, composed(name))) for each in MATCHED)
    known = next(filter(None, rows), None)
    before = known.roster_id if known else ""
    if known is not None:
        transaction.session.delete(known)
        transaction.session.flush()
    elif person is None:
        raise KataError(f"{name}: it was not matched by hand. `katas gradebook people list` shows how it was matched.")
    directory = Directory(transaction)
    those = directory.roster.namesakes(name) if person and composed(name) not in directory.submitters else []
    if those:
        raise KataError(
            f"{name}: {' and '.join(those)} have this name, so later submissions under it could be the other one's. "
            "`katas grade-batch` adds Moodle's numbers to such names: grade the download again, and match those. In a "
            "folder of submissions, rename theirs to the person's id."
        )
    found = "" if person is None else directory.known(person)
    if person is not None:
        if found not in directory.roster.people:
            raise KataError(f"{person}: not in the roster. `katas gradebook people list` shows everyone's id.")
        transaction.session.add(RosterIdRow(system=system, value=composed(name), roster_id=found))
    transaction.note("matched", composed(name), before=before, after=found)
    return found
