"""Moodle. A download has `Ada Lovelace_12345_assignsubmission_file/` for each person.

Without folders, it has files such as `Ada Lovelace_12345_assignsubmission_file_name.py`. Moodle numbers people anew in
each assignment, so such a number becomes a part of a person's name only among people of the same name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from katas_course.downloads import ANONYMOUS, Source, SubmissionEntry, composed, safe
from katas_course.platforms.platform import Platform

_NAME = re.compile(r"(?P<name>[^_]+)_(?P<id>\d+)_assignsubmission_(?P<kind>[a-z]+)_?(?P<rest>.*)", re.DOTALL)


def _is_download(names: Mapping[str, bool]) -> bool:
    return 2 * len(list(filter(_NAME.fullmatch, names))) > len(names)


def _entries(source: Source) -> Iterator[SubmissionEntry]:
    people: dict[tuple[str, str], dict[str, str]] = {}
    for name, is_folder in source.names.items():
        match = _NAME.fullmatch(name)
        if match is None or match["kind"] != "file" or (not is_folder and not match["rest"]):
            source.leave_out(
                name, "text typed into Moodle, which is not graded" if match else "not a name that Moodle gives"
            )
        else:
            people.setdefault((composed(match["name"].strip()), match["id"]), {})[name] = match["rest"]
    namesakes = Counter(name for name, _ in people)
    for (person, number), files in people.items():
        loose = {name: rest for name, rest in files.items() if not source.names[name]}
        location = source.together(loose) if loose else source.location(next(iter(files)))
        # A name that ends with a number could be taken for an id.
        unique = namesakes[person] == 1 and person != ANONYMOUS and not re.search(r"\d\W*$", person)
        called = safe(person if unique else f"{person}_{number}")
        yield SubmissionEntry(called, location, source.modified(*files), participant=number)


MOODLE = Platform(
    name="moodle",
    title="Moodle",
    download="a Moodle download",
    is_download=_is_download,
    entries=_entries,
)
