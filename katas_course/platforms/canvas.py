"""Canvas. A download has the files of all people at its top level, such as `lovelaceada_LATE_12345_67890_name-1.py`.

The parts of this name are the person, the user's id, the file's id and the file's name. A person may choose parts of
it. It is therefore read only in the way in which Canvas writes it, and the user's id becomes a part of the person's
name here (see docs/cohorts.md).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from katas_course.downloads import Source, SubmissionEntry, safe
from katas_course.platforms.platform import Platform, normalised

_NAME = re.compile(
    r"(?P<name>.+?)_(?:(?P<late>LATE)_)?(?P<user>\d+)_(?:(?P<file>\d+)_(?P<rest>.+)|(?P<text>(?:text|link)\.html))"
)
_ANONYMOUS = re.compile(r"(?P<name>anon)_(?:(?P<late>LATE)_)?(?P<user>[A-Za-z0-9]{5,})_(?P<file>\d+)_(?P<rest>.+)")
_ATTEMPT = re.compile(r"-\d{1,3}(\.[A-Za-z0-9.]+)$")  # Canvas adds it to the name of a file that was submitted before
_TITLES = {"Student": "name", "ID": "canvas", "SIS User ID": "id", "SIS Login ID": "login", "Section": "section"}


def _is_download(names: Mapping[str, bool]) -> bool:
    files = [name for name, is_folder in names.items() if not is_folder]
    return any(2 * len(list(filter(each.fullmatch, files))) > len(names) for each in (_NAME, _ANONYMOUS))


def _entries(source: Source) -> Iterator[SubmissionEntry]:
    people: dict[str, dict[str, tuple[bool, str]]] = {}
    for name, is_folder in source.names.items():
        found = None if is_folder else _parts(name)
        if found is None:
            source.leave_out(name, "not a name that Canvas gives")
        else:
            people.setdefault(safe(found[0]), {})[name] = found[1:]
    for person, files in people.items():
        without = {name: _ATTEMPT.sub(r"\1", rest) for name, (_, rest) in files.items()}
        times = Counter(without.values())
        given = {name: without[name] if times[without[name]] == 1 else rest for name, (_, rest) in files.items()}
        yield SubmissionEntry(
            person,
            source.together(given),
            source.modified(*files),
            late=any(late for late, _ in files.values()),
            renamed={given[name]: rest for name, (_, rest) in files.items() if given[name] != rest},
        )


def _parts(name: str) -> tuple[str, bool, str] | None:
    """Return a person's name with the user's id, whether the file is late, and the file's own name."""
    anonymous = _ANONYMOUS.fullmatch(name)
    match = anonymous or _NAME.fullmatch(name)
    if match is None:
        return None
    person, user, file, rest = match["name"], match["user"], match["file"], match["rest"]
    if rest is None:
        return f"{person}_{user}", bool(match["late"]), match["text"]
    # In `eve_12345_777_9001_x.py`, 12345 is the end of a name that someone chose, and 777 is the user's id: Canvas has
    # more files than users, so a file's id is not much smaller than any other id. In `ada_12345_9001_2026_x.py`, 2026
    # belongs to the file's name.
    while not anonymous and (more := re.fullmatch(r"(\d{1,20})_(.+)", rest)) and 10 * int(more[1]) >= int(file):
        person, user, file, rest = f"{person}_{user}", file, more[1], more[2]
    return f"{person}_{user}", bool(match["late"]), rest


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
