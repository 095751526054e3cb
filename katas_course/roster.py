"""Match the names of submissions to the people on a course's roster. Pure functions."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NamedTuple

from katas_course.downloads import composed
from katas_course.platforms import PLATFORMS

UNKNOWN = "not in the roster"
BY_HAND = "name"  # the system of an id that an instructor matched to a submitted name
BY_TIMES = "times"  # the same, if the file of --times has matched it
KEPT = "kept"  # the same, if an import of a roster has kept the match
MATCHED = {
    BY_HAND: "matched by hand",
    BY_TIMES: "matched by the file of --times",
    KEPT: "matched by an earlier roster",
}
SYSTEMS = {"name": "full name", "github": "GitHub login"}  # how messages call what has identified a person
_LAST_PART = re.compile(r"(?P<name>.*)[\W_](?P<id>[^\W_]+)\W*", re.DOTALL)  # an id at the end of a longer name
SHORT_ID = 2  # characters; such an id at the end of an unknown name could also be the number of an attempt


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
        self._given: dict[str, Match] = {}
        self._indexes: defaultdict[tuple[str, str], set[str]] = defaultdict(set)  # people by kind and value
        self._systems: defaultdict[tuple[str, str], set[str]] = defaultdict(set)  # by id and person
        self._found: dict[str, Match] = {}
        for person in self.people.values():
            keys = [("roster id", _folded(person.id)), *(("name", each) for each in spellings(person.name))]
            if "@" in person.email:
                address = _folded(person.email)
                keys += [("e-mail", address), ("e-mail", address.partition("@")[0])]
            for system, value in person.ids:
                if system in MATCHED:
                    self._given[value] = Match(person.id, MATCHED[system])
                else:
                    keys.append(("id", _folded(value)))
                    self._systems[_folded(value), person.id].add(system)
            for key in keys:
                self._indexes[key].add(person.id)

    @property
    def here(self) -> list[RosterPerson]:
        """The people who have not left the course."""
        return [each for each in self.people.values() if each.left_at is None]

    def namesakes(self, name: str) -> list[str]:
        """Return the people with this full name if there are several, also those who have left, and otherwise none."""
        those = self._named(name)
        return sorted(those) if len(those) > 1 else []

    def _named(self, name: str) -> set[str]:
        return next((self._indexes.get(("name", each), set()) for each in spellings(name)), set())

    def match(self, submitted: str) -> Match:
        """Match a submitted name by the roster's id, then by ids of other systems, by e-mail, and by the full name.

        If several people have an id, those who have left the course are not considered. A full name must be unique
        among all of them, because earlier submissions under it may come from someone who has left. If it is not unique,
        the next kind of id decides.
        """
        if submitted not in self._found:
            self._found[submitted] = self._match(composed(submitted))
        return self._found[submitted]

    def doubt(self, typed: str) -> str:
        """Return which people have this as their full name if there are several, whether or not it is matched by hand.

        If it is someone's id, it is not in doubt.
        """
        match = self.by_itself(composed(typed))
        return match.how if match.id is None and len(self._named(typed)) > 1 else ""

    def _match(self, name: str) -> Match:
        return self._given.get(name) or self.by_itself(name)

    def by_itself(self, name: str) -> Match:
        """Match a submitted name in normal form as `match` does, but not by hand or by a file of times."""
        if name in self.people:
            return Match(name, "roster id")
        folded = _folded(name)
        last = _LAST_PART.fullmatch(folded)
        keys = [("roster id", folded), ("id", folded), *([("id", last["id"])] if last else []), ("e-mail", folded)]
        doubtful: set[str] = set()
        for how, key in [*keys, ("name", name)]:
            fitting = self._named(name) if how == "name" else self._indexes.get((how, key), set())
            if last and how == "id" and key != folded:  # it could also be the last word of a name, or another number
                fitting = {each for each in fitting if self._may_be_named(each, last["name"], key)}
            chosen = {each for each in fitting if how == "name" or self.people[each].left_at is None} or fitting
            if len(chosen) == 1:
                (person,) = chosen
                system = min(self._systems[key, person]) if how == "id" else how
                of_platform = f"{PLATFORMS[system].title} id" if system in PLATFORMS else system
                return Match(person, SYSTEMS.get(system, of_platform))
            doubtful |= fitting
        return Match(None, f"fits several people: {', '.join(sorted(doubtful))}" if doubtful else UNKNOWN)

    def owner(self, ids: Iterable[str]) -> str | None:
        """Return the one person who has any of these ids or e-mail addresses, or None."""
        matches = [self.by_itself(composed(each)) for each in ids if each]
        found = {each.id for each in matches if each.id is not None and each.how != SYSTEMS["name"]}
        return found.pop() if len(found) == 1 else None

    def has(self, submitted: str) -> bool:
        """Return whether a name with an id at its end is that of a person with both, in whatever system the id is."""
        last = _LAST_PART.fullmatch(_folded(submitted))
        those = self._indexes.get(("id", last["id"]), set()) if last else set()
        return last is not None and any(self._is_named(each, last["name"]) for each in those)

    def _may_be_named(self, person: str, text: str, key: str) -> bool:
        """Return whether the text before an id is this person's full name, or the roster has no name and it is long."""
        name = self.people[person].name
        return self._is_named(person, text) if name else len(key) > SHORT_ID

    def _is_named(self, person: str, text: str) -> bool:
        """Return whether the text before an id is this person's full name."""
        return "".join(_words(text)) in spellings(self.people[person].name)


def spellings(name: str) -> list[str]:
    """Return a full name without spaces and punctuation, also with the family name first.

    The first one is the name as it is written. Canvas names files after the family name and the first name.
    """
    family, comma, first = composed(name).partition(",")
    if comma:
        rest, last = "".join(_words(first)), "".join(_words(family))
        result = [last + rest, rest + last]
    else:
        *words, last = _words(name) or [""]
        result = ["".join([*words, last]), "".join([last, *words])]
    return list(dict.fromkeys(filter(None, result)))


def same_name(name: str, other: str) -> bool:
    """Return whether two full names are the same, in either order."""
    return bool({*spellings(name)} & {*spellings(other)})


def share_a_word(name: str, other: str) -> bool:
    """Return whether two full names have a word in common, or one of them is unknown."""
    mine, theirs = {*_words(name)}, {*_words(other)}
    return not mine or not theirs or bool(mine & theirs)


def _words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", _folded(text))


def _folded(text: str) -> str:
    return composed(text).strip().casefold()
