"""Decide whether two sources mean the same person, from the ids that they give. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from katas_course.downloads import composed
from katas_course.platforms.platform import RosterEntry
from katas_course.roster import MATCHED, RosterPerson

Said = frozenset[tuple[str, str]]  # what a source says about a person: kinds of ids, each with a value
NUMBER = "number in "  # the kind of a platform's number, before the kata: each assignment has its own numbers


def said(pairs: Iterable[tuple[str, str | None]]) -> Said:
    """Return these kinds and values without empty ones, so that equal ids are equal."""
    return frozenset((kind, composed(value).strip().casefold()) for kind, value in pairs if value)


def by_entry(entry: RosterEntry, kata: str = "") -> Said:
    """Return what a line of a list says, with the number in the assignment if `kata` is that of the list."""
    return said([*_pairs(entry.id, entry.email or "", entry.ids), (NUMBER + kata, kata and entry.participant)])


def by_roster(person: RosterPerson) -> Said:
    """Return what the roster says."""
    return said(_pairs(person.id, person.email, [each for each in person.ids if each[0] not in MATCHED]))


def _pairs(own: str, email: str, ids: Iterable[tuple[str, str]]) -> list[tuple[str, str]]:
    pairs = [*ids, ("e-mail", email)]
    return pairs if own in (value for _, value in pairs) else [*pairs, ("id", own)]  # a list without ids repeats one


def compare(known: Said, new: Said) -> Literal["equal", "unknown", "contradicts"]:
    """Return whether two sources mean the same person. One equal id is enough, because addresses change.

    A number in an assignment decides only if no id and no e-mail address can.
    """
    for numbers in (False, True):
        ours, theirs = ({each for each in one if each[0].startswith(NUMBER) == numbers} for one in (known, new))
        if ours & theirs:
            return "equal"
        if {kind for kind, _ in ours} & {kind for kind, _ in theirs}:
            return "contradicts"
    return "unknown"


def in_words(ids: Said, other: Said) -> str:
    """Return for a message what `compare` compares with another source."""
    both = {kind for kind, _ in ids} & {kind for kind, _ in other}
    kinds = {kind for kind in both if not kind.startswith(NUMBER)} or both
    return ", ".join(_in_words(*each) for each in sorted(ids) if each[0] in kinds)


def _in_words(kind: str, value: str) -> str:
    return f"number {value} in {kind.removeprefix(NUMBER)}" if kind.startswith(NUMBER) else f"{kind} {value}"
