"""Read the people and times of a Gradescope export from its submission_metadata.yml.

The file is written by Ruby and may contain objects and references. So only the events of a YAML parser are used: no tag
makes an object, no alias is expanded, and everything but the few wanted keys is skipped as it is read.
"""

from __future__ import annotations

import datetime
import re
from typing import Any, NamedTuple

import yaml

from graders.errors import KataError
from graders.report.text import clean_line

NAME = "submission_metadata.yml"
BYTES = 128 * 1024**2
PEOPLE = 100  # the limit for one submission
WANTED = tuple(
    re.compile(each) for each in (r"submission_\d{1,20}", ":?(submitters|created_at)", ":?(name|sid|email|utc)")
)  # the keys at each level


class Metadata(NamedTuple):
    """The submitters of one submission, and the time in UTC (ISO 8601; empty if it is unknown)."""

    people: list[str] = []  # noqa: RUF012 (nobody changes it)
    time: str = ""


def read(data: bytes) -> dict[str, Metadata]:
    """Return what the file says about each submission, by the name of its folder. Raises KataError if it is broken."""
    if len(data) > BYTES:
        raise KataError(f"{NAME}: it is larger than {BYTES // 1024**2} MB. Remove its results.")
    try:
        reader = _Reader(data)
        found = reader.value(WANTED) if reader.starts() else {}
    except (yaml.YAMLError, RecursionError) as fault:
        problem = clean_line(str(fault), 200)
        raise KataError(f"{NAME}: it cannot be read ({problem}). Download it again, or remove it.") from None
    submissions = found if isinstance(found, dict) else {}
    return {name: _metadata(about) for name, about in submissions.items() if isinstance(about, dict)}


class _Reader:
    def __init__(self, data: bytes) -> None:
        self.events = getattr(yaml, "CSafeLoader", yaml.SafeLoader)(data)
        self.anchors: dict[str, Any] = {}

    def starts(self) -> bool:
        """Go to the first value, and return whether there is one."""
        while self.events.check_event(yaml.StreamStartEvent, yaml.DocumentStartEvent):
            self.events.get_event()
        return not self.events.check_event(yaml.StreamEndEvent)

    def value(self, wanted: tuple[re.Pattern[str], ...]) -> Any:
        """Return the next value: a text, a list or, with only the wanted keys, a dict. Anything else is None."""
        event = self.events.get_event()
        if isinstance(event, yaml.AliasEvent):
            return self.anchors.get(event.anchor)
        result: Any = None
        if isinstance(event, yaml.ScalarEvent):
            result = event.value
        elif not wanted:
            self.skip(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            result = []
            while not self.events.check_event(yaml.SequenceEndEvent):
                result.append(self.value(wanted))
                if len(result) > PEOPLE:
                    raise KataError(f"{NAME}: a submission has more than {PEOPLE} people. Remove them, or the file.")
            self.events.get_event()
        else:
            result = self.mapping(wanted)
        if event.anchor:
            self.anchors[event.anchor] = result
        return result

    def mapping(self, wanted: tuple[re.Pattern[str], ...]) -> dict[str, Any]:
        result = {}
        while not self.events.check_event(yaml.MappingEndEvent):
            key = self.events.get_event()
            self.skip(key)
            if isinstance(key, yaml.ScalarEvent) and wanted[0].fullmatch(key.value):
                result[key.value.lstrip(":")] = self.value(wanted[1:])
            else:
                self.skip(self.events.get_event())
        self.events.get_event()
        return result

    def skip(self, event: yaml.Event) -> None:
        """Read until the end of the value that starts with this event."""
        depth = 0
        while True:
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if not depth:
                return
            event = self.events.get_event()


def _metadata(about: dict[str, Any]) -> Metadata:
    submitters, created = about.get("submitters"), about.get("created_at")
    people = [each for each in submitters if isinstance(each, dict)] if isinstance(submitters, list) else []
    named = [next(filter(None, (_text(each.get(key)) for key in ("sid", "email", "name"))), "") for each in people]
    return Metadata(named, _utc(_text(created.get("utc") if isinstance(created, dict) else created)))


def _text(value: Any) -> str:
    return value if isinstance(value, str) and value not in ("~", "null") else ""


def _utc(text: str) -> str:
    try:
        moment = datetime.datetime.fromisoformat(re.sub(" +(?=[Z+-])", "", text.replace("UTC", "Z")))
        zoned = moment.replace(tzinfo=moment.tzinfo or datetime.UTC)
        return zoned.astimezone(datetime.UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        return ""
