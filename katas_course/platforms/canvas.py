"""Canvas. A download has the files of all people at its top level, such as `lovelaceada_LATE_12345_67890_name-1.py`.

The parts of this name are the person, the user's id, the file's id and the file's name. People choose the first and
the last of these parts. If they contain numbers, the name can be read in several ways, and then the roster decides. The
user's id becomes a part of the person's name here (see docs/cohorts.md).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from katas_course.downloads import Source, SubmissionEntry, safe
from katas_course.platforms.platform import Belongs, Platform, normalised

_NAME = re.compile(
    r"(?P<name>.+?)_(?:(?P<late>LATE)_)?(?P<user>\d{1,20})_(?:(?P<file>\d{1,20})_(?P<rest>.+)|(?P<text>(?:text|link)\.html))"
)
_ANONYMOUS = re.compile(r"(?P<name>anon)_(?:(?P<late>LATE)_)?(?P<user>[A-Za-z0-9]{5,})_(?P<file>\d{1,20})_(?P<rest>.+)")
_ATTEMPT = re.compile(r"-\d{1,3}(\.[A-Za-z0-9.]+)$")  # Canvas adds it to the name of a file that was submitted before
_READABLE = (".py", ".md", ".txt", ".toml", ".csv")  # Canvas shows a returned file under the name of a submitted one
_TITLES = {"Student": "name", "ID": "canvas", "SIS User ID": "id", "SIS Login ID": "login", "Section": "section"}


def _is_download(names: Mapping[str, bool]) -> bool:
    files = [name for name, is_folder in names.items() if not is_folder]
    return any(2 * len(list(filter(each.fullmatch, files))) > len(names) for each in (_NAME, _ANONYMOUS))


class _Reading(NamedTuple):
    """A person's name with the user's id, whether the file is late, and the file's own name."""

    person: str
    late: bool
    file: str


def _entries(source: Source, belongs: Belongs) -> Iterator[SubmissionEntry]:
    people: dict[str, dict[str, _Reading]] = {}
    for name, is_folder in source.names.items():
        readings = [] if is_folder else _readings(name)
        if len(readings) > 1:
            known = [each for each in readings if belongs(each.person)]
            if len(known) != 1:
                those = " or ".join(each.person for each in readings)
                source.leave_out(
                    name, f"it could be from {those}, and not exactly one of them is on the roster", unread=True
                )
                continue
            readings = known
        if not readings:
            source.leave_out(name, "not a name that Canvas gives")
        for each in readings:
            people.setdefault(safe(each.person), {})[name] = each
    for person, files in people.items():
        without = {name: _ATTEMPT.sub(r"\1", each.file) for name, each in files.items()}
        times = Counter(without.values())
        given = {name: without[name] if times[without[name]] == 1 else each.file for name, each in files.items()}
        yield SubmissionEntry(
            person,
            source.together(given),
            source.modified(*files),
            late=any(each.late for each in files.values()),
            renamed={given[name]: each.file for name, each in files.items() if given[name] != each.file},
            returns=next((name for name in files if name.lower().endswith(_READABLE)), ""),
        )


def _readings(name: str) -> list[_Reading]:
    """Return the ways in which Canvas may have written a name, at most one for most names.

    In `eve_12345_777_9001_x.py`, 12345 may be the end of a name that someone chose (Canvas lets only one number stay
    there), and in `ada_12345_9001_2026_x.py`, 2026 belongs to the file's name. Canvas has more files than users, so a
    file's id is not much smaller than a user's.
    """
    anonymous = _ANONYMOUS.fullmatch(name)
    match = anonymous or _NAME.fullmatch(name)
    if match is None:
        return []
    person, user, rest, late = f"{match['name']}_{match['user']}", match["user"], match["rest"], bool(match["late"])
    more = None if anonymous or rest is None else re.fullmatch(r"(\d{1,20})_(.+)", rest)
    found = [_Reading(person, late, rest or match["text"])]
    if more and 10 * int(more[1]) >= int(match["file"]):
        other = _Reading(f"{person}_{match['file']}", late, more[2])
        return [*found, other] if 10 * int(match["file"]) >= int(user) else [other]
    return found


def _person(texts: Mapping[str, str]) -> Mapping[str, str] | None:
    is_test = normalised(texts.get("name", "")) in ("studenttest", "teststudent")
    return texts if texts.get("canvas") and not is_test else None


CANVAS = Platform(
    name="canvas",
    title="Canvas",
    download="a Canvas download",
    is_download=_is_download,
    entries=_entries,
    is_list=lambda names: {"student", "id", "section"} <= names,
    columns={key: normalised(title) for title, key in _TITLES.items()},
    has_assignments=True,
    person=_person,
    export="""Write a kata's points for Canvas.

In Canvas, choose Grades, Export. Fill the file in with --into, and import it there again.""",
    needed={**_TITLES, "": "points"},
    maxima_line="    Points Possible",
)
