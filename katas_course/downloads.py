"""Read the submissions of a course from a folder or a .zip file that has a folder or an archive per person.

Downloads of learning platforms (katas_course.platforms) are folders and .zip files too, with names of their own.
"""

from __future__ import annotations

import datetime
import os
import time
import unicodedata
import zipfile
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from graders.errors import IntakeError, KataError
from graders.intake import archive, folder, listing
from graders.intake.listing import FILE, Entry, checked_name
from graders.intake.places import ARCHIVES, Place, packed_in, refusing
from graders.intake.rules import printable

ENTRIES = 200_000  # the limit for a whole course
LATEST = 253_402_300_799.0  # seconds from 1970 to the end of 9999, the last year that datetime supports
PERSON = 200  # the limit on a person's name, in bytes because file systems limit names in bytes
SPECIFY = "Specify the folder that has one folder or archive per person, or the download of a learning platform."
ANONYMOUS = "Participant"  # the name of everyone whose name a platform hides


@dataclass(frozen=True)
class SubmissionEntry:
    """One person's files, or those of a group.

    `submitted_at` is a time in UTC, in ISO 8601. `explicit` means that the time comes from --times or from the
    platform. `others` are the other people of a group. `notes` are sentences for the verdict. If `refused` is not
    empty, the files may not be graded, for this reason. `renamed` maps names of files to those that they had.
    `participant` is the person's number in this assignment on the platform. `late` says whether the platform has marked
    the submission at this time as late, or is None if it marks none. `returns` is the name under which the platform
    takes a file back for this person. If it ends with a slash, any file in this folder. `said` is what a worksheet says
    about the person (see katas_course.identity).
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
    returns: str = ""
    said: frozenset[tuple[str, str]] = frozenset()

    @property
    def people(self) -> tuple[str, ...]:
        return (self.person, *self.others)


@dataclass(frozen=True)
class Cohort:
    """Everyone's entries, the form of the folder or .zip file, and the names that belong to none (see Source)."""

    form: str
    entries: list[SubmissionEntry]
    left_out: list[str]
    unread: list[str]

    @property
    def people(self) -> list[str]:
        """The names of all people, sorted."""
        return sorted({person for entry in self.entries for person in entry.people})


class Source:
    """The top level of a course's submissions, here a folder. Links in it are left out.

    `names` says of each name whether it is a folder. `left_out` are names that belong to no submission, with reasons,
    and `unread` those that may belong to one.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.names: dict[str, bool] = {}
        self.left_out: list[str] = []
        self.unread: list[str] = []

    def location(self, name: str) -> Path | Place:
        """Return what is inside a folder or an archive at the top level."""
        return self.path / name

    def together(self, names: Mapping[str, str]) -> Place:
        """Return files at the top level as one person's files. `names` maps each to the name that it should get."""
        return _listed([folder.entry(self.path, name)._replace(name=given) for name, given in names.items()])

    def modified(self, *names: str) -> str:
        """Return the newest time of these files and of the files in these folders, in UTC (ISO 8601)."""
        return as_time(max((_newest(self.path / name) for name in names), default=0.0))

    def leave_out(self, name: str, reason: str, *, unread: bool = False) -> None:
        """Leave out a name. It is `unread` if it may be that of a submission."""
        (self.unread if unread else self.left_out).append(f"{printable(name)}: {reason}")


def source_at(path: Path, markers: Collection[str]) -> Source:
    """Return the submissions at a path. `markers` are names that are only at the top level of platforms' downloads."""
    if path.is_file():
        return ZipSource(path, markers)
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

    def __init__(self, path: Path, markers: Collection[str]) -> None:
        super().__init__(path)
        self.markers = markers
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
            if inner and (around.casefold() in course or any(rest.split("/")[0] in self.markers for rest, _ in inner)):
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


def as_utc(moment: datetime.datetime) -> str:
    """Return a time in UTC, in ISO 8601 to the second. A time without an offset is assumed to be in UTC.

    Raises ValueError if the time in UTC is outside the years 1 to 9999.
    """
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    try:
        return moment.astimezone(datetime.UTC).isoformat(timespec="seconds")
    except OverflowError as fault:
        raise ValueError(str(fault)) from None


def composed(name: str) -> str:
    """Return a name in Unicode's composed form (NFC), because systems differ in how they store an é."""
    return unicodedata.normalize("NFC", name)


def safe(name: str) -> str:
    """Return an untrusted name as one that can be a person's, and the name of a folder."""
    text = _short(name.strip()).replace("/", "_").replace("\\", "_")
    return f"_{text}" if text.startswith(".") or not text else text


def _short(name: str) -> str:
    return composed(printable(name)).encode()[:PERSON].decode(errors="ignore")


def per_person(source: Source) -> Iterator[SubmissionEntry]:
    """Yield the submission in each folder and each archive, which is named after the person."""
    for name, is_folder in source.names.items():
        ending = "" if is_folder else next((each for each in ARCHIVES if name.lower().endswith(each)), None)
        if ending is None:
            source.leave_out(name, f"neither a folder nor {', '.join(ARCHIVES)}")
        else:
            person = _short(name[: len(name) - len(ending)])
            yield SubmissionEntry(person, source.location(name), source.modified(name))
