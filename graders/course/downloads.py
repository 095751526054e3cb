"""Read a folder or a .zip file with submissions, and recognise the names that course systems give to downloads.

folders     a folder or an archive for each person, named after the person
canvas      `lovelaceada_LATE_12345_67890_name-1.py`: the person, the user's id, the file's id, the file's name
moodle      `Ada Lovelace_12345_assignsubmission_file/` or, without folders, `…_assignsubmission_file_name.py`
gradescope  `submission_12345/`, with the people and times in submission_metadata.yml

A person may choose parts of these names. A name is therefore read only in the way in which its system writes it, and
the id that it contains becomes a part of the person's name here (see docs/cohorts.md).
"""

from __future__ import annotations

import io
import os
import re
import time
import unicodedata
import zipfile
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, NamedTuple, get_args

from graders.course import gradescope
from graders.errors import IntakeError, KataError
from graders.intake import archive, folder, listing
from graders.intake.listing import FILE, Entry, checked_name
from graders.intake.places import ARCHIVES, ListedPlace, PackedPlace, Place
from graders.intake.rules import printable

ENTRIES = 200_000  # the limit for a whole course
LATEST = 253_402_300_799.0  # seconds from 1970 to the end of 9999, the last year that datetime supports
SPECIFY = "Specify the folder that has one folder or archive per person, or a download of Canvas, Moodle or Gradescope."


class Source(ABC):
    """The top level of a course's submissions. `left_out` are the names that cannot be used, with the reasons."""

    path: Path
    names: dict[str, bool]  # each name, and whether it is a folder
    left_out: list[str]

    @abstractmethod
    def location(self, name: str) -> Path | Place:
        """Return what is inside a folder or an archive at the top level."""

    @abstractmethod
    def together(self, names: Mapping[str, str]) -> Place:
        """Return files at the top level as one person's files. `names` maps each to the name that it should get."""

    @abstractmethod
    def modified(self, names: Sequence[str]) -> float:
        """Return the newest time of these files and of the files in these folders, in seconds since 1970."""

    @abstractmethod
    def read(self, name: str, most: int) -> bytes:
        """Return at most this many bytes of a file at the top level."""


def source_at(path: Path) -> Source:
    """Return the source at a path. Raises KataError if there is none."""
    if path.is_file():
        return ZipSource(path)
    try:
        return FolderSource(path)
    except OSError as fault:
        raise KataError(f"{path}: {fault.strerror}. {SPECIFY}") from None


def unseen(name: str) -> bool:
    """Return whether a name is one that systems add, or hidden."""
    return name.startswith(".") or name == "__MACOSX"


class FolderSource(Source):
    """A folder. Links in it are left out."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.names, self.left_out = {}, []
        for each in sorted(path.iterdir()):
            if unseen(each.name):
                continue
            if each.is_symlink():
                self.left_out.append(f"{printable(each.name)}: a symbolic link")
            else:
                self.names[each.name] = each.is_dir()

    def location(self, name: str) -> Path:
        return self.path / name

    def together(self, names: Mapping[str, str]) -> Place:
        return listed([folder.entry(self.path, name)._replace(name=given) for name, given in names.items()])

    def modified(self, names: Sequence[str]) -> float:
        return max((newest(self.path / name) for name in names), default=0.0)

    def read(self, name: str, most: int) -> bytes:
        return folder.entry(self.path, name).read(most)


class ZipSource(Source):
    """A .zip file, whose content stays packed. A folder around everything in it is skipped."""

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.archive = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as fault:
            raise KataError(f"{path}: it cannot be read as a .zip file ({fault}). {SPECIFY}") from None
        members = self.archive.infolist()
        if len(members) > ENTRIES:
            raise KataError(f"{path}: it holds more than {ENTRIES} files. Unpack it, and specify the folder.")
        self.left_out: list[str] = []
        self.members = self._grouped([(archive.zip_name(member), member) for member in members])
        self.names = {name: any(rest for rest, _ in found) for name, found in sorted(self.members.items())}

    def _grouped(self, members: list[tuple[str, zipfile.ZipInfo]]) -> dict[str, list[tuple[str, zipfile.ZipInfo]]]:
        """Return the members by the first part of their names, each with the rest of its name."""
        result: dict[str, list[tuple[str, zipfile.ZipInfo]]] = {}
        for name, member in members:
            top, slash, rest = name.partition("/")
            if top in ("", ".", "..") or "\\" in top or "\0" in name:
                self.left_out.append(f"{printable(name)}: its name is not that of a file in this archive")
            elif not unseen(top):
                result.setdefault(top, []).append((rest or ("/" if slash else ""), member))
        around = next(iter(result), "") if len(result) == 1 else ""
        inner = [(rest, member) for rest, member in result.get(around, []) if rest not in ("", "/")]
        if inner and self._is_around(around, [rest for rest, _ in inner]):
            return self._grouped(inner)
        return result

    def _is_around(self, top: str, names: Sequence[str]) -> bool:
        """Return whether the only folder at the top level is that of the whole course and not of one person."""
        inner = {name.partition("/")[0] for name in names}
        return top.casefold() in (self.path.stem.casefold(), "submissions") or gradescope.NAME in inner

    def location(self, name: str) -> Place:
        members = self.members[name]
        if not self.names[name]:
            return self.together({name: name})
        return self._listed(name, [(rest, member) for rest, member in members if rest not in ("", "/")])

    def together(self, names: Mapping[str, str]) -> Place:
        return self._listed("", [(given, member) for name, given in names.items() for _, member in self.members[name]])

    def _listed(self, name: str, members: list[tuple[str, zipfile.ZipInfo]]) -> Place:
        try:
            entries = archive.zip_entries(name or self.path.name, self.archive, [member for _, member in members])
            given = [checked_name(rest) for rest, _ in members]
            if len(entries) != len(given) or len(entries) > listing.ENTRIES:
                return ListedPlace([], f"{printable(name)}: it holds too many files. Submit only the kata's files.")
        except IntakeError as fault:
            return ListedPlace([], str(fault))
        entries = [entry._replace(name=rest) for entry, rest in zip(entries, given, strict=True)]
        found = archive.guarded(self.path.name, [entry for entry in entries if entry.name])
        return ListedPlace(found) if name else listed(found)

    def modified(self, names: Sequence[str]) -> float:
        times = [_seconds(member) for name in names for _, member in self.members[name]]
        return max(times, default=0.0)

    def read(self, name: str, most: int) -> bytes:
        return self.together({name: name}).entries[0].read(most)


def listed(entries: list[Entry]) -> Place:
    """Return the location of these entries, which is that of the archive if they are only one archive."""
    if len(entries) == 1 and entries[0].kind == FILE and entries[0].name.lower().endswith(ARCHIVES):
        return PackedPlace(entries[0])
    return ListedPlace(entries)


def newest(location: Path) -> float:
    """Return the modification time of a file, or of the newest file in a folder or one level below it."""
    found = mtime(location) if location.is_file() else 0.0
    if not found:
        for base, folders, names in os.walk(location):
            if Path(base) != location:
                folders.clear()
            found = max([found, *(mtime(Path(base, name)) for name in names)])
    return found or mtime(location)


def mtime(path: Path) -> float:
    """Return a file's modification time, or 0 if the file cannot be read."""
    try:
        return max(0.0, min(path.lstat().st_mtime, LATEST))
    except OSError:
        return 0.0


def _seconds(member: zipfile.ZipInfo) -> float:
    """Return a member's time, which is stored without a time zone, as local time."""
    try:
        return max(0.0, time.mktime((*member.date_time, 0, 0, -1)))
    except (ValueError, OverflowError):
        return 0.0


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
    location: Path | Place
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
        items.append(Item((person,), source.location(name), source.modified([name])))
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
        location, modified = source.together(given), source.modified(list(files))
        items.append(Item((person,), location, modified, notes=notes, renamed=renamed))
    return items, left_out


def without_attempt(name: str) -> str:
    """Return a file's name without the number that Canvas adds when a file of this name was submitted before."""
    return _ATTEMPT.sub(r"\1", name)


def _canvas_name(name: str) -> _CanvasName | None:
    anonymous = _ANONYMOUS.fullmatch(name)
    match = anonymous or _CANVAS.fullmatch(name)
    if match is None:
        return None
    person, user, file, rest = match["name"], match["user"], match["file"], match["rest"]
    if rest is None:
        return _CanvasName(f"{person}_{user}", bool(match["late"]), match["text"])
    # In `eve_12345_777_9001_x.py`, 12345 is the end of a name that someone chose, and 777 is the user's id: Canvas has
    # more files than users, so a file's id is not much smaller than any other id. In `ada_12345_9001_2026_x.py`, 2026
    # belongs to the file's name.
    while not anonymous and (more := re.fullmatch(r"(\d{1,20})_(.+)", rest)) and 10 * int(more[1]) >= int(file):
        person, user, file, rest = f"{person}_{user}", file, more[1], more[2]
    return _CanvasName(f"{person}_{user}", bool(match["late"]), rest)


def _moodle(source: Source) -> tuple[list[Item], list[str]]:
    people: dict[tuple[str, str], dict[str, str]] = {}
    left_out = []
    for name, is_folder in source.names.items():
        match = _MOODLE.fullmatch(name)
        if match is None or match["kind"] != "file" or (not is_folder and not match["rest"]):
            reason = "text typed into Moodle, which is not graded" if match else "not a name that Moodle gives"
            left_out.append(f"{printable(name)}: {reason}")
        else:
            people.setdefault((composed(match["name"].strip()), match["id"]), {})[name] = match["rest"]
    namesakes = Counter(name for name, _ in people)
    items = []
    for (person, number), files in people.items():
        loose = {name: rest for name, rest in files.items() if not source.names[name]}
        location = source.together(loose) if loose else source.location(next(iter(files)))
        # A name that ends with a number could be taken for an id.
        unique = namesakes[person] == 1 and person != "Participant" and not re.search(r"\d\W*$", person)
        name = safe_person(person if unique else f"{person}_{number}")
        items.append(Item((name,), location, source.modified(list(files))))
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
        items.append(Item(names, source.location(name), source.modified([name]), about.time, notes))
    return items, left_out


_READERS: Mapping[Form, Callable[[Source], tuple[list[Item], list[str]]]] = {
    "folders": _folders,
    "canvas": _canvas,
    "moodle": _moodle,
    "gradescope": _gradescope,
}
