"""Gradescope. An export has a folder `submission_12345/` for each submission, and submission_metadata.yml.

This file has the people and times. It is written by Ruby and may contain objects and references. So only the events of
a YAML parser are used: no tag makes an object, no alias is expanded, and everything but the few wanted keys is skipped
as it is read.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from graders.errors import KataError
from graders.report.text import clean_line
from katas_course.downloads import Source, SubmissionEntry, as_utc, safe
from katas_course.platforms.platform import COLUMNS, Platform

NAME = "submission_metadata.yml"
BYTES = 128 * 1024**2
PEOPLE = 100  # the limit for one submission
WANTED = tuple(
    re.compile(each) for each in (r"submission_\d{1,20}", ":?(submitters|created_at)", ":?(name|sid|email|utc)")
)  # the keys at each level
DEEPER = {"SequenceStartEvent": 1, "MappingStartEvent": 1, "SequenceEndEvent": -1, "MappingEndEvent": -1}
_FOLDER = re.compile(r"submission_\d+")


def _is_download(names: Mapping[str, bool]) -> bool:
    return NAME in names or (bool(names) and all(map(_FOLDER.fullmatch, names)))


def _entries(source: Source, _: object) -> Iterator[SubmissionEntry]:
    found: dict[str, Metadata] = {}
    if source.names.get(NAME) is False:
        (file,) = source.together({NAME: NAME}).entries
        found = read(file.read(BYTES + 1))
    for name, is_folder in source.names.items():
        if is_folder and _FOLDER.fullmatch(name):
            about = found.get(name, Metadata())
            person, *others = sorted({safe(each) for each in about.people if each}) or [name]
            notes = () if any(about.people) else (f"{NAME} doesn't say whose it is",)
            time, place = about.time or source.modified(name), source.location(name)
            yield SubmissionEntry(person, place, time, explicit=bool(about.time), others=tuple(others), notes=notes)
        elif name != NAME:
            source.leave_out(name, "not a folder that Gradescope writes")


class Metadata(NamedTuple):
    """The submitters of one submission, and the time in UTC (ISO 8601; empty if it is unknown)."""

    people: list[str] = []  # noqa: RUF012 (nobody changes it)
    time: str = ""


def read(data: bytes) -> dict[str, Metadata]:
    """Return what the file says about each submission, by the name of its folder. Raises KataError if it is broken."""
    import yaml  # a part of the extra `cohort`, which `katas grade-batch --help` doesn't need

    if len(data) > BYTES:
        raise KataError(f"{NAME}: it is larger than {BYTES // 1024**2} MB. Remove its results.")
    try:
        reader = _Reader(yaml.parse(data, getattr(yaml, "CSafeLoader", yaml.SafeLoader)))
        reader.next()  # the start of the stream
        found = reader.value(*reader.next(), WANTED) if reader.next()[0] == "DocumentStartEvent" else None
    except (yaml.YAMLError, RecursionError) as fault:
        problem = clean_line(str(fault), 200)
        raise KataError(f"{NAME}: it cannot be read ({problem}). Download it again, or remove it.") from None
    submissions = found if isinstance(found, dict) else {}
    return {name: _metadata(about) for name, about in submissions.items() if isinstance(about, dict)}


class _Reader:
    def __init__(self, events: Iterator[Any]) -> None:
        self.events = events
        self.anchors: dict[str, Any] = {}

    def next(self) -> tuple[str, Any]:
        """Return the kind of the next event, and the event."""
        event = next(self.events)
        return type(event).__name__, event

    def value(self, kind: str, event: Any, wanted: tuple[re.Pattern[str], ...]) -> Any:
        """Return a value: a text, a list or, with only the wanted keys, a dict. Anything else is None."""
        if kind == "AliasEvent":
            return self.anchors.get(event.anchor)
        result: Any = None
        if kind == "ScalarEvent":
            result = event.value
        elif not wanted:
            self.skip(kind)
        elif kind == "SequenceStartEvent":
            result = []
            while (found := self.next())[0] != "SequenceEndEvent":
                result.append(self.value(*found, wanted))
                if len(result) > PEOPLE:
                    raise KataError(f"{NAME}: a submission has more than {PEOPLE} people. Remove them, or the file.")
        else:
            result = self.mapping(wanted)
        if event.anchor:
            self.anchors[event.anchor] = result
        return result

    def mapping(self, wanted: tuple[re.Pattern[str], ...]) -> dict[str, Any]:
        result = {}
        while (found := self.next())[0] != "MappingEndEvent":
            kind, key = found
            self.skip(kind)
            if kind == "ScalarEvent" and wanted[0].fullmatch(key.value):
                result[key.value.lstrip(":")] = self.value(*self.next(), wanted[1:])
            else:
                self.skip(self.next()[0])
        return result

    def skip(self, kind: str) -> None:
        """Read until the end of the value that starts with an event of this kind."""
        depth = DEEPER.get(kind, 0)
        while depth:
            depth += DEEPER.get(type(next(self.events)).__name__, 0)


def _metadata(about: dict[str, Any]) -> Metadata:
    submitters, created = about.get("submitters"), about.get("created_at")
    people = [each for each in submitters if isinstance(each, dict)] if isinstance(submitters, list) else []
    named = [next(filter(None, (_text(each.get(key)) for key in ("sid", "email", "name"))), "") for each in people]
    return Metadata(named, _utc(_text(created.get("utc") if isinstance(created, dict) else created)))


def _text(value: Any) -> str:
    return value if isinstance(value, str) and value not in ("~", "null") else ""


def _utc(text: str) -> str:
    try:
        return as_utc(datetime.datetime.fromisoformat(re.sub(" +(?=[Z+-])", "", text.replace("UTC", "Z"))))
    except ValueError:
        return ""


def _is_list(names: AbstractSet[str]) -> bool:
    is_other = "githubusername" in names  # a roster for GitHub Classroom
    return not is_other and "email" in names and ("sid" in names or ("role" in names and "id" not in names))


GRADESCOPE = Platform(
    name="gradescope",
    title="Gradescope",
    download="a Gradescope export",
    is_download=_is_download,
    entries=_entries,
    marker=NAME,
    is_list=_is_list,
    columns={key: COLUMNS[key] for key in ("id", "name", "first", "last", "email", "section", "role")},
    has_assignments=True,
    export="Write a kata's points in the format of the grades that Gradescope exports.",
    needed={"Name": "name", "SID": "id", "Email": "email", "Total Score": "points", "Max Points": "maximum"},
    points="totalscore",
    maximum="maxpoints",
)
