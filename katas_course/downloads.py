"""Read a folder or a .zip file with submissions, and recognise the names that course systems give to downloads.

folders     a folder or an archive for each person, named after the person
canvas      `lovelaceada_LATE_12345_67890_name-1.py`: the person, the user's id, the file's id, the file's name
moodle      `Ada Lovelace_12345_assignsubmission_file/` or, without folders, `…_assignsubmission_file_name.py`
gradescope  `submission_12345/`, with the people and times in submission_metadata.yml

A person may choose parts of these names. A name is therefore read only in the way in which its system writes it, and
the id that it contains becomes a part of the person's name here (see docs/cohorts.md).
"""

from __future__ import annotations

import datetime
import os
import re
import time
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from graders.errors import IntakeError, KataError
from graders.intake import archive, folder, listing
from graders.intake.listing import FILE, Entry, checked_name
from graders.intake.places import ARCHIVES, Place, packed_in, refusing
from graders.intake.rules import printable
from katas_course import gradescope

ENTRIES = 200_000  # the limit for a whole course
LATEST = 253_402_300_799.0  # seconds from 1970 to the end of 9999, the last year that datetime supports
PERSON = 200  # the limit on a person's name, in bytes because file systems limit names in bytes
SPECIFY = "Specify the folder that has one folder or archive per person, or a download of Canvas, Moodle or Gradescope."
LATE = "Canvas marked it as late"  # a note
TITLES: Mapping[str, str] = {
    "canvas": "a Canvas download",
    "moodle": "a Moodle download",
    "gradescope": "a Gradescope export",
}


@dataclass(frozen=True)
class SubmissionEntry:
    """One person's files, or those of a group.

    `submitted_at` is a time in UTC, in ISO 8601. `explicit` means that the time comes from --times or from the learning
    management system. `others` are the other people of a group. `notes` are sentences for the verdict. If `refused` is
    not empty, the files may not be graded, for this reason. `renamed` maps names of files to those that they had.
    `participant` is the person's number in this assignment of Moodle. `late` says whether the platform has marked the
    submission at this time as late, or is None if it marks none.
    """

    person: str
    location: Path | Place
    submitted_at: str
    explicit: bool = False
    others: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    refused: str = ""
    renamed: Mapping[str, str] = field(default_factory=dict)
    participant: str = ""
    late: bool | None = None

    @property
    def people(self) -> tuple[str, ...]:
        return (self.person, *self.others)


@dataclass(frozen=True)
class Cohort:
    """Everyone's entries, the form of the folder or .zip file, and the names in it that belong to no submission."""

    form: str
    entries: list[SubmissionEntry]
    left_out: list[str]

    @property
    def people(self) -> list[str]:
        """The names of all people, sorted."""
        return sorted({person for entry in self.entries for person in entry.people})


class Source:
    """The top level of a course's submissions, here a folder. Links in it are left out.

    `names` says of each name whether it is a folder. `left_out` are names that belong to no submission, with reasons.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.names: dict[str, bool] = {}
        self.left_out: list[str] = []

    def location(self, name: str) -> Path | Place:
        """Return what is inside a folder or an archive at the top level."""
        return self.path / name

    def together(self, names: Mapping[str, str]) -> Place:
        """Return files at the top level as one person's files. `names` maps each to the name that it should get."""
        return _listed([folder.entry(self.path, name)._replace(name=given) for name, given in names.items()])

    def modified(self, *names: str) -> str:
        """Return the newest time of these files and of the files in these folders, in UTC (ISO 8601)."""
        return as_time(max((_newest(self.path / name) for name in names), default=0.0))

    def leave_out(self, name: str, reason: str) -> None:
        self.left_out.append(f"{printable(name)}: {reason}")


def _source(path: Path) -> Source:
    if path.is_file():
        return ZipSource(path)
    source = Source(path)
    try:
        for each in sorted(path.iterdir()):
            if each.is_symlink() and not _is_unseen(each.name):
                source.leave_out(each.name, "a symbolic link")
            elif not _is_unseen(each.name):
                source.names[each.name] = each.is_dir()
    except OSError as fault:
        raise KataError(f"{path}: {fault.strerror}. {SPECIFY}") from None
    return source


def _is_unseen(name: str) -> bool:
    """Return whether a name is one that systems add, or hidden."""
    return name.startswith(".") or name == "__MACOSX"


Members = list[tuple[str, zipfile.ZipInfo]]  # each with its name inside a folder


class ZipSource(Source):
    """A .zip file, whose content stays packed. A folder around everything in it is skipped."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        try:
            self.archive = zipfile.ZipFile(path)
        except (OSError, zipfile.BadZipFile, NotImplementedError, ValueError) as fault:
            raise KataError(f"{path}: it cannot be read as a .zip file ({fault}). {SPECIFY}") from None
        members = self.archive.infolist()
        if len(members) > ENTRIES:
            raise KataError(f"{path}: it holds more than {ENTRIES} files. Unpack it, and specify the folder.")
        self.members = self._grouped([(archive.zip_name(member), member) for member in members])
        self.names = {name: any(rest for rest, _ in found) for name, found in sorted(self.members.items())}

    def _grouped(self, members: Members) -> dict[str, Members]:
        """Return the members by the first part of their names, each with the rest of its name."""
        result: dict[str, Members] = {}
        for name, member in members:
            top, slash, rest = name.partition("/")
            if top in ("", ".", "..") or "\\" in top or "\0" in name:
                self.leave_out(name, "its name is not that of a file in this archive")
            elif not _is_unseen(top):
                result.setdefault(top, []).append((rest or slash, member))
        if len(result) == 1:
            ((around, found),) = result.items()
            inner = [(rest, member) for rest, member in found if rest not in ("", "/")]
            course = (self.path.stem.casefold(), "submissions")  # the names of a folder that is not one person's
            if inner and (around.casefold() in course or gradescope.NAME in {rest.split("/")[0] for rest, _ in inner}):
                return self._grouped(inner)
        return result

    def location(self, name: str) -> Place:
        if not self.names[name]:
            return self.together({name: name})
        return self._place(name, [(rest, member) for rest, member in self.members[name] if rest not in ("", "/")])

    def together(self, names: Mapping[str, str]) -> Place:
        return self._place("", [(given, member) for name, given in names.items() for _, member in self.members[name]])

    def _place(self, name: str, members: Members) -> Place:
        try:
            entries = archive.zip_entries(name or self.path.name, self.archive, [member for _, member in members])
            given = [checked_name(rest) for rest, _ in members]
        except IntakeError as fault:
            return refusing(str(fault))
        if len(entries) != len(given) or len(entries) > listing.ENTRIES:
            return refusing(f"{printable(name)}: it holds too many files. Submit only the kata's files.")
        entries = [entry._replace(name=rest) for entry, rest in zip(entries, given, strict=True) if rest]
        return Place(lambda: entries) if name else _listed(entries)

    def modified(self, *names: str) -> str:
        return as_time(max((_seconds(member) for name in names for _, member in self.members[name]), default=0.0))


def _listed(entries: list[Entry]) -> Place:
    """Return the location of these entries, which is that of the archive if they are only one archive."""
    if len(entries) == 1 and entries[0].kind == FILE and entries[0].name.lower().endswith(ARCHIVES):
        return packed_in(entries[0])
    return Place(lambda: entries)


def _newest(location: Path) -> float:
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
        return max(0.0, path.lstat().st_mtime)
    except OSError:
        return 0.0


def _seconds(member: zipfile.ZipInfo) -> float:
    """Return a member's time, which is stored without a time zone, as local time."""
    try:
        return max(0.0, time.mktime((*member.date_time, 0, 0, -1)))
    except (ValueError, OverflowError):
        return 0.0


def as_time(seconds: float) -> str:
    """Return a time in seconds since 1970 in UTC, in ISO 8601, or the nearest one from 1970 to 9999."""
    return datetime.datetime.fromtimestamp(max(0.0, min(seconds, LATEST)), datetime.UTC).isoformat(timespec="seconds")


_CANVAS = re.compile(
    r"(?P<name>.+?)_(?:(?P<late>LATE)_)?(?P<user>\d+)_(?:(?P<file>\d+)_(?P<rest>.+)|(?P<text>(?:text|link)\.html))"
)
_ANONYMOUS = re.compile(r"(?P<name>anon)_(?:(?P<late>LATE)_)?(?P<user>[A-Za-z0-9]{5,})_(?P<file>\d+)_(?P<rest>.+)")
_ATTEMPT = re.compile(r"-\d{1,3}(\.[A-Za-z0-9.]+)$")  # Canvas adds it to the name of a file that was submitted before
_MOODLE = re.compile(r"(?P<name>[^_]+)_(?P<id>\d+)_assignsubmission_(?P<kind>[a-z]+)_?(?P<rest>.*)", re.DOTALL)
_GRADESCOPE = re.compile(r"submission_\d+")


def read(path: Path, form: str | None = None) -> Cohort:
    """Return the submissions at a path, which is of this form, by default of the form that its names suggest.

    A person may have several entries. Raises KataError if there are none.
    """
    if form is not None and form not in _READERS:
        raise KataError(f"--from {form}: expected one of {', '.join(_READERS)}.")
    source = _source(path)
    chosen = form or _recognised(source)
    entries = list(_READERS[chosen](source))
    if not entries:
        title = TITLES.get(form or "")
        wanted = f" that look like {title}; leave out --from {form}" if title else ""
        raise KataError(f"{path}: there are no submissions{wanted}. {SPECIFY}")
    return Cohort(chosen, entries, source.left_out)


def composed(name: str) -> str:
    """Return a name in Unicode's composed form (NFC), because systems differ in how they store an é."""
    return unicodedata.normalize("NFC", name)


def _safe(name: str) -> str:
    """Return an untrusted name as one that can be a person's, and the name of a folder."""
    text = _short(name.strip()).replace("/", "_").replace("\\", "_")
    return f"_{text}" if text.startswith(".") or not text else text


def _short(name: str) -> str:
    return composed(printable(name)).encode()[:PERSON].decode(errors="ignore")


def _recognised(source: Source) -> str:
    names = source.names
    if gradescope.NAME in names or (names and all(map(_GRADESCOPE.fullmatch, names))):
        return "gradescope"
    files = [name for name, is_folder in names.items() if not is_folder]
    for form, pattern in (("moodle", _MOODLE), ("canvas", _CANVAS), ("canvas", _ANONYMOUS)):
        matching = list(filter(pattern.fullmatch, names if form == "moodle" else files))
        if 2 * len(matching) > len(names):
            return form
    return "folders"


def _folders(source: Source) -> Iterator[SubmissionEntry]:
    for name, is_folder in source.names.items():
        ending = "" if is_folder else next((each for each in ARCHIVES if name.lower().endswith(each)), None)
        if ending is None:
            source.leave_out(name, f"neither a folder nor {', '.join(ARCHIVES)}")
        else:
            person = _short(name[: len(name) - len(ending)])
            yield SubmissionEntry(person, source.location(name), source.modified(name))


def _canvas(source: Source) -> Iterator[SubmissionEntry]:
    people: dict[str, dict[str, tuple[bool, str]]] = {}
    for name, is_folder in source.names.items():
        found = None if is_folder else _canvas_name(name)
        if found is None:
            source.leave_out(name, "not a name that Canvas gives")
        else:
            people.setdefault(_safe(found[0]), {})[name] = found[1:]
    for person, files in people.items():
        is_late = any(late for late, _ in files.values())
        without = {name: _ATTEMPT.sub(r"\1", rest) for name, (_, rest) in files.items()}
        times = Counter(without.values())
        given = {name: without[name] if times[without[name]] == 1 else rest for name, (_, rest) in files.items()}
        yield SubmissionEntry(
            person,
            source.together(given),
            source.modified(*files),
            notes=(LATE,) if is_late else (),
            late=is_late,
            renamed={given[name]: rest for name, (_, rest) in files.items() if given[name] != rest},
        )


def _canvas_name(name: str) -> tuple[str, bool, str] | None:
    """Return a person's name with the user's id, whether the file is late, and the file's own name."""
    anonymous = _ANONYMOUS.fullmatch(name)
    match = anonymous or _CANVAS.fullmatch(name)
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


def _moodle(source: Source) -> Iterator[SubmissionEntry]:
    people: dict[tuple[str, str], dict[str, str]] = {}
    for name, is_folder in source.names.items():
        match = _MOODLE.fullmatch(name)
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
        unique = namesakes[person] == 1 and person != "Participant" and not re.search(r"\d\W*$", person)
        called = _safe(person if unique else f"{person}_{number}")
        yield SubmissionEntry(called, location, source.modified(*files), participant=number)


def _gradescope(source: Source) -> Iterator[SubmissionEntry]:
    found: dict[str, gradescope.Metadata] = {}
    if source.names.get(gradescope.NAME) is False:
        (file,) = source.together({gradescope.NAME: gradescope.NAME}).entries
        found = gradescope.read(file.read(gradescope.BYTES + 1))
    for name, is_folder in source.names.items():
        if is_folder and _GRADESCOPE.fullmatch(name):
            about = found.get(name, gradescope.Metadata())
            person, *others = sorted({_safe(each) for each in about.people if each}) or [name]
            notes = () if any(about.people) else (f"{gradescope.NAME} doesn't say whose it is",)
            time, place = about.time or source.modified(name), source.location(name)
            yield SubmissionEntry(person, place, time, explicit=bool(about.time), others=tuple(others), notes=notes)
        elif name != gradescope.NAME:
            source.leave_out(name, "not a folder that Gradescope writes")


_READERS = {"folders": _folders, "canvas": _canvas, "moodle": _moodle, "gradescope": _gradescope}
