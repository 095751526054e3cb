"""Recognise what Canvas, Moodle and Gradescope call the files of a download, and whose files they are.

folders     a folder or an archive for each person, named after the person
canvas      `lovelaceada_LATE_12345_67890_name-1.py`: the person, the user's id, the file's id, the file's name
moodle      `Ada Lovelace_12345_assignsubmission_file/` or, without folders, `…_assignsubmission_file_name.py`
gradescope  `submission_12345/`, with the people and times in submission_metadata.yml

A person may choose parts of these names. A name is therefore read only in the way in which its system writes it, and
the id that it contains becomes a part of the person's name here (see docs/cohorts.md).
"""

from __future__ import annotations

import io
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from graders.course import gradescope
from graders.course.sources import SPECIFY, Source, source_at
from graders.errors import KataError
from graders.intake.places import ARCHIVES, Place
from graders.intake.rules import printable

Form = Literal["folders", "canvas", "moodle", "gradescope"]
FORMS = get_args(Form)
TITLES: Mapping[str, str] = {
    "canvas": "a Canvas download",
    "moodle": "a Moodle download",
    "gradescope": "a Gradescope export",
}
PERSON = 200  # the limit on a person's name, in bytes because file systems limit names in bytes

_CANVAS = re.compile(
    r"(?P<name>.+?)_(?:(?P<late>LATE)_)?(?P<user>\d+)_(?:(?P<file>\d+)_(?P<rest>.+)|(?P<text>(?:text|link)\.html))"
)
_ANONYMOUS = re.compile(r"(?P<name>anon)_(?:(?P<late>LATE)_)?(?P<user>[A-Za-z0-9]{5,})_(?P<file>\d+)_(?P<rest>.+)")
_ATTEMPT = re.compile(r"-\d{1,3}(\.[A-Za-z0-9.]+)$")  # Canvas adds it to the name of a file that was submitted before
_MOODLE = re.compile(r"(?P<name>[^_]+)_(?P<id>\d+)_assignsubmission_(?P<kind>[a-z]+)_?(?P<rest>.*)", re.DOTALL)
_GRADESCOPE = re.compile(r"submission_\d+")


@dataclass(frozen=True)
class Item:
    """What a download says about one submission: whose it is, and where its files are.

    `people` has more than one name for a group. `renamed` maps the names that files got to those that they had. `time`
    is the submission time in UTC (ISO 8601) if the system says it, and `modified` the newest time of the files.
    """

    people: tuple[str, ...]
    place: Path | Place
    modified: float
    time: str = ""
    notes: tuple[str, ...] = ()
    renamed: Mapping[str, str] = field(default_factory=dict)


class _CanvasName(NamedTuple):
    """What Canvas's name of a file says. `person` ends with the user's id, and `rest` is the file's own name."""

    person: str
    late: bool
    rest: str


@dataclass(frozen=True)
class Download:
    """The submissions in a folder or .zip file, and the names in it that belong to none, with the reasons."""

    form: Form
    items: list[Item]
    left_out: list[str] = field(default_factory=list)


def read(path: Path, form: str | None = None) -> Download:
    """Return the submissions at a path, which is of this form, by default of the form that its names suggest.

    Raises KataError if there are none.
    """
    if form is not None and form not in FORMS:
        raise KataError(f"--from {form}: expected one of {', '.join(FORMS)}.")
    source = source_at(path)
    chosen: Form = _recognised(source) if form is None else form  # type: ignore[assignment]
    items, left_out = _READERS[chosen](source)
    if not items:
        wanted = f" that look like {TITLES[chosen]}; leave out --from {chosen}" if form and chosen in TITLES else ""
        raise KataError(f"{path}: there are no submissions{wanted}. {SPECIFY}")
    return Download(chosen, items, [*source.left_out, *left_out])


def composed(name: str) -> str:
    """Return a name in Unicode's composed form (NFC), because systems differ in how they store an é."""
    return unicodedata.normalize("NFC", name)


def safe_person(name: str) -> str:
    """Return an untrusted name as one that can be a person's, and the name of a folder."""
    text = composed(printable(name.strip())).replace("/", "_").replace("\\", "_")
    text = text.encode()[:PERSON].decode(errors="ignore")
    return f"_{text}" if text.startswith(".") or not text else text


def _recognised(source: Source) -> Form:
    names = source.names
    if gradescope.NAME in names or (names and all(_GRADESCOPE.fullmatch(name) for name in names)):
        return "gradescope"
    for form, pattern in (("moodle", _MOODLE), ("canvas", _CANVAS), ("canvas", _ANONYMOUS)):
        matching = [
            name
            for name, is_folder in names.items()
            if pattern.fullmatch(name) and not (is_folder and form == "canvas")
        ]
        if 2 * len(matching) > len(names):
            return form  # type: ignore[return-value]
    return "folders"


def _folders(source: Source) -> tuple[list[Item], list[str]]:
    items, left_out = [], []
    for name, is_folder in source.names.items():
        ending = "" if is_folder else next((each for each in ARCHIVES if name.lower().endswith(each)), None)
        if ending is None:
            left_out.append(f"{printable(name)}: neither a folder nor {', '.join(ARCHIVES)}")
            continue
        person = composed(printable(name[: len(name) - len(ending)])).encode()[:PERSON].decode(errors="ignore")
        items.append(Item((person,), source.place(name), source.modified([name])))
    return items, left_out


def _canvas(source: Source) -> tuple[list[Item], list[str]]:
    people: dict[str, dict[str, _CanvasName]] = {}
    left_out = []
    for name, is_folder in source.names.items():
        found = None if is_folder else _canvas_name(name)
        if found is None:
            left_out.append(f"{printable(name)}: not a name that Canvas gives")
        else:
            people.setdefault(safe_person(found.person), {})[name] = found
    items = []
    for person, files in people.items():
        without = {name: without_attempt(found.rest) for name, found in files.items()}
        times = Counter(without.values())
        given = {name: without[name] if times[without[name]] == 1 else found.rest for name, found in files.items()}
        renamed = {given[name]: found.rest for name, found in files.items() if given[name] != found.rest}
        notes = ("Canvas marked it as late",) if any(found.late for found in files.values()) else ()
        place, modified = source.together(given), source.modified(list(files))
        items.append(Item((person,), place, modified, notes=notes, renamed=renamed))
    return items, left_out


def without_attempt(name: str) -> str:
    """Return a file's name without the number that Canvas adds when a file of this name was submitted before."""
    return _ATTEMPT.sub(r"\1", name)


def _canvas_name(name: str) -> _CanvasName | None:
    anonymous = _ANONYMOUS.fullmatch(name)
    found = anonymous or _CANVAS.fullmatch(name)
    if found is None:
        return None
    person, user, file, rest = found["name"], found["user"], found["file"], found["rest"]
    if rest is None:
        return _CanvasName(f"{person}_{user}", bool(found["late"]), found["text"])
    # In `eve_12345_777_9001_x.py`, 12345 is the end of a name that someone chose, and 777 is the user's id: Canvas has
    # more files than users, so a file's id is not much smaller than any other id. In `ada_12345_9001_2026_x.py`, 2026
    # belongs to the file's name.
    while not anonymous and (more := re.fullmatch(r"(\d{1,20})_(.+)", rest)) and 10 * int(more[1]) >= int(file):
        person, user, file, rest = f"{person}_{user}", file, more[1], more[2]
    return _CanvasName(f"{person}_{user}", bool(found["late"]), rest)


def _moodle(source: Source) -> tuple[list[Item], list[str]]:
    people: dict[tuple[str, str], dict[str, str]] = {}
    left_out = []
    for name, is_folder in source.names.items():
        found = _MOODLE.fullmatch(name)
        if found is None or found["kind"] != "file" or (not is_folder and not found["rest"]):
            reason = "text typed into Moodle, which is not graded" if found else "not a name that Moodle gives"
            left_out.append(f"{printable(name)}: {reason}")
        else:
            people.setdefault((composed(found["name"].strip()), found["id"]), {})[name] = found["rest"]
    namesakes = Counter(name for name, _ in people)
    items = []
    for (person, number), files in people.items():
        loose = {name: rest for name, rest in files.items() if not source.names[name]}
        place = source.together(loose) if loose else source.place(next(iter(files)))
        # A name that ends with a number could be taken for an id.
        unique = namesakes[person] == 1 and person != "Participant" and not re.search(r"\d\W*$", person)
        name = safe_person(person if unique else f"{person}_{number}")
        items.append(Item((name,), place, source.modified(list(files))))
    return items, left_out


def _gradescope(source: Source) -> tuple[list[Item], list[str]]:
    found: dict[str, gradescope.Metadata] = {}
    if gradescope.NAME in source.names and not source.names[gradescope.NAME]:
        data = source.read(gradescope.NAME, gradescope.BYTES + 1)
        if len(data) > gradescope.BYTES:
            raise KataError(
                f"{gradescope.NAME}: it is larger than {gradescope.BYTES // 1024**2} MB. Remove its results."
            )
        found = gradescope.read(io.StringIO(data.decode(errors="replace")))
    items, left_out = [], []
    for name, is_folder in source.names.items():
        if not is_folder or not _GRADESCOPE.fullmatch(name):
            if name != gradescope.NAME:
                left_out.append(f"{printable(name)}: not a folder that Gradescope writes")
            continue
        about = found.get(name, gradescope.Metadata())
        keys = [each.sid or each.email or each.name for each in about.people]
        people = dict.fromkeys(safe_person(key) for key in keys if key)
        notes = () if people else (f"{gradescope.NAME} doesn't say whose it is",)
        names = tuple(people) or (name,)
        items.append(Item(names, source.place(name), source.modified([name]), about.time, notes))
    return items, left_out


_READERS: Mapping[Form, Callable[[Source], tuple[list[Item], list[str]]]] = {
    "folders": _folders,
    "canvas": _canvas,
    "moodle": _moodle,
    "gradescope": _gradescope,
}
