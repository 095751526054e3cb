"""Match the names of submissions to the people on a course's roster. Pure functions."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from graders.course.submissions import composed

BY_HAND = "name"  # the system of an id that an instructor matched to a submitted name
SYSTEMS = {"canvas": "Canvas id", "gradescope": "Gradescope id", "login": "login"}
_LAST_PART = re.compile(r"(?P<name>.*)[\W_](?P<id>[^\W_]+)\W*", re.DOTALL)  # an id at the end of a longer name
SHORT_ID = 2  # characters; such an id at the end of a name could also be the number of an attempt


@dataclass(frozen=True)
class RosterPerson:
    """A person on the roster. `ids` holds ids in other systems, as pairs of a system and a value.

    `left_at` is set if the newest roster lacks the person.
    """

    id: str
    name: str = ""
    email: str = ""
    section: str = ""
    team: str = ""
    left_at: str | None = None
    ids: tuple[tuple[str, str], ...] = ()


class Match(NamedTuple):
    """The roster's id for a name, or None, and how it was found or why it was not."""

    id: str | None
    how: str


class Roster:
    """The people of a course, indexed by everything that can identify them."""

    def __init__(self, people: Iterable[RosterPerson]) -> None:
        self.people = {person.id: person for person in people}
        self._by_hand: dict[str, str] = {}
        self._indexes: dict[str, defaultdict[str, list[str]]] = {
            each: defaultdict(list) for each in ("roster id", "id", "e-mail", "name")
        }
        self._systems: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        self._found: dict[str, Match] = {}
        for person in self.people.values():
            self._add(person)

    def _add(self, person: RosterPerson) -> None:
        self._indexes["roster id"][_folded(person.id)].append(person.id)
        for system, value in person.ids:
            if system == BY_HAND:
                self._by_hand[value] = person.id
                continue
            self._indexes["id"][_folded(value)].append(person.id)
            self._systems[_folded(value), person.id].add(system)
        if "@" in person.email:
            address = _folded(person.email)
            for each in {address, address.partition("@")[0]}:
                self._indexes["e-mail"][each].append(person.id)
        for each in spellings(person.name):
            self._indexes["name"][each].append(person.id)

    def match(self, submitted: str) -> Match:
        """Match a submitted name by the roster's id, then by ids of other systems, by e-mail, and by the full name.

        If several people fit, people who have left the course are not considered. If it is still not unique, the next
        kind of id decides.
        """
        if submitted not in self._found:
            self._found[submitted] = self._match(composed(submitted))
        return self._found[submitted]

    def _match(self, name: str) -> Match:
        if name in self._by_hand:
            return Match(self._by_hand[name], "matched by hand")
        if name in self.people:
            return Match(name, "roster id")
        doubtful: set[str] = set()
        for how, key in self._keys(name):
            fitting = set(self._indexes[how].get(key, ()))
            if how == "id" and key != _folded(name) and len(key) <= SHORT_ID:
                fitting = {each for each in fitting if self._is_named(each, _folded(name))}
            chosen = self._present(fitting)
            if len(chosen) == 1:
                return self._described(chosen.pop(), how, key)
            doubtful |= fitting
        if doubtful:
            return Match(None, f"fits several people: {', '.join(sorted(doubtful))}")
        return Match(None, "not in the roster")

    def _keys(self, name: str) -> list[tuple[str, str]]:
        folded = _folded(name)
        keys = [("roster id", folded), ("id", folded)]
        if last := _LAST_PART.fullmatch(folded):
            keys += [("id", last["id"])]
        return [*keys, ("e-mail", folded), *(("name", each) for each in sorted(spellings(name)[:1]))]

    def _is_named(self, person: str, name: str) -> bool:
        """Return whether a name with an id at its end begins with this person's full name, or is anonymous."""
        match = _LAST_PART.fullmatch(name)
        first = "".join(re.findall(r"[^\W_]+", match["name"])) if match else ""
        return first == "participant" or first in spellings(self.people[person].name)

    def _described(self, person: str, how: str, key: str) -> Match:
        if how == "name":
            return Match(person, "full name")
        systems = sorted(self._systems.get((key, person), ())) if how == "id" else ()
        return Match(person, SYSTEMS.get(systems[0], systems[0]) if systems else how)

    def _present(self, people: Collection[str]) -> set[str]:
        here = {each for each in people if self.people[each].left_at is None}
        return here or set(people)


def spellings(name: str) -> list[str]:
    """Return a full name without spaces and punctuation, also with the family name first.

    The first one is the name as it is written. Canvas names files after the family name and the first name.
    """
    family, comma, first = composed(name).partition(",")
    words = re.findall(r"[^\W_]+", _folded(first if comma else name))
    last = re.findall(r"[^\W_]+", _folded(family)) if comma else words[-1:]
    rest = words if comma else words[:-1]
    written = [*last, *rest] if comma else [*rest, *last]
    result = ["".join(written), "".join([*rest, *last]), "".join([*last, *rest])]
    return [each for each in dict.fromkeys(result) if each]


def _folded(text: str) -> str:
    return composed(text).strip().casefold()
