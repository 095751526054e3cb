"""Read the people and times of a Gradescope export from its submission_metadata.yml.

The file is written by Ruby and may contain objects and references that a YAML parser must not create. So this module
parses no YAML. It reads, line by line, the few keys that it needs at their fixed places, and never follows a reference
further than to one person, one list of people or one time. What it does not understand, it ignores.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable
from dataclasses import dataclass, field

NAME = "submission_metadata.yml"
BYTES = 128 * 1024**2
LINE = 4_096  # longer lines are cut; no name or time is that long
PEOPLE = 100  # the limit for one submission

_TOP = re.compile(r"(submission_\d{1,20}):")
_KEY = re.compile(r"""( *)(- +)?(?:&(\S+) +)?["']?:?(\w+)["']?: *(.*)""")
_REFERENCE = re.compile(r" *- +([&*])(\S+) *")
_TIME = re.compile(r"(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d:\d\d)(?:\.\d+)? *(Z|UTC|[+-]\d\d:?\d\d)?")
_ESCAPES = re.compile(r"\\(x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8}|.)")


@dataclass
class Person:
    """A submitter, as Gradescope names them. Each field may be empty."""

    name: str = ""
    sid: str = ""
    email: str = ""


@dataclass
class Metadata:
    """The submitters of one submission, and the time in UTC (ISO 8601; empty if it is unknown)."""

    people: list[Person] = field(default_factory=list)
    time: str = ""


def read(lines: Iterable[str]) -> dict[str, Metadata]:
    """Return what the file says about each submission, by the name of its folder."""
    reader = _Reader()
    for line in lines:
        reader.feed(line[:LINE].rstrip("\r\n"))
    return reader.found


class _Reader:
    """The state between two lines: the submission, the key at its top level, and the person."""

    def __init__(self) -> None:
        self.found: dict[str, Metadata] = {}
        self.current: Metadata | None = None
        self.section = ""
        self.person: Person | None = None
        self.lists: dict[str, list[Person]] = {}
        self.persons: dict[str, Person] = {}
        self.times: dict[str, str] = {}

    def feed(self, line: str) -> None:
        top = _TOP.match(line)
        if top:
            self.current = self.found.setdefault(top[1], Metadata())
            self.section, self.person = "", None
        elif self.current is not None and line.startswith("  "):
            self._inside(self.current, line)
        elif line and not line.startswith(("#", "-", " ")):
            self.current = None

    def _inside(self, current: Metadata, line: str) -> None:
        reference = _REFERENCE.fullmatch(line)
        if reference and self.section == "submitters":
            self._start(current, self.persons.get(reference[2], Person()))
            if reference[1] == "&" and self.person is not None:
                self.persons[reference[2]] = self.person
            return
        match = _KEY.fullmatch(line)
        if not match:
            return
        indent, dash, anchor, key, value = len(match[1]), match[2], match[3], match[4], match[5]
        if indent == 2 and not dash:
            self.section, self.person = key, None
            if key == "submitters":
                self._list(current, value)
            elif key == "created_at":
                self._time(current, value)
        elif self.section == "created_at" and key == "utc":
            self._time(current, value)
        elif self.section == "submitters" and (dash or self.person is not None):
            if dash:
                self._start(current, Person())
                if anchor and self.person is not None:
                    self.persons[anchor] = self.person
            if self.person is not None and key in ("name", "sid", "email"):
                setattr(self.person, key, _scalar(value))

    def _start(self, current: Metadata, person: Person) -> None:
        self.person = person if len(current.people) < PEOPLE else None
        if self.person is not None:
            current.people.append(self.person)

    def _list(self, current: Metadata, value: str) -> None:
        if value.startswith("&"):
            self.lists[value[1:].strip()] = current.people
        elif value.startswith("*"):
            current.people = list(self.lists.get(value[1:].strip(), []))

    def _time(self, current: Metadata, value: str) -> None:
        anchor = re.match(r"&(\S+) +", value)
        moment = self.times.get(value[1:].strip(), "") if value.startswith("*") else _utc(value)
        if anchor:
            self.times[anchor[1]] = moment
        current.time = moment or current.time


def _utc(value: str) -> str:
    match = _TIME.search(value)
    if not match:
        return ""
    zone = {"Z": "+00:00", "UTC": "+00:00"}.get(match[3] or "Z", match[3])
    try:
        moment = datetime.datetime.fromisoformat(f"{match[1]}T{match[2]}{zone}")
        return moment.astimezone(datetime.UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        return ""


def _scalar(value: str) -> str:
    """Return the text of a plain or quoted value. A missing value is empty."""
    value = re.sub(r"\A&\S+ +", "", value.strip())
    if value[:1] == "'" and value[-1:] == "'" and len(value) > 1:
        return value[1:-1].replace("''", "'")
    if value[:1] == '"' and value[-1:] == '"' and len(value) > 1:
        return _ESCAPES.sub(_unescaped, value[1:-1])
    return "" if value in ("", "~", "null") or value[0] in "*!|>{[" else value


def _unescaped(found: re.Match[str]) -> str:
    escape = found[1]
    try:
        return chr(int(escape[1:], 16)) if escape[0] in "xuU" and len(escape) > 1 else escape
    except (ValueError, OverflowError):
        return ""
