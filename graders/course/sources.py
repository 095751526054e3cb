"""A folder or a .zip file that holds the submissions of a course, as a list of names at its top level."""

from __future__ import annotations

import os
import time
import zipfile
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path

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
    def place(self, name: str) -> Path | Place:
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

    def place(self, name: str) -> Path:
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
        found: dict[str, list[tuple[str, zipfile.ZipInfo]]] = {}
        for name, member in members:
            top, slash, rest = name.partition("/")
            if top in ("", ".", "..") or "\\" in top or "\0" in name:
                self.left_out.append(f"{printable(name)}: its name is not that of a file in this archive")
            elif not unseen(top):
                found.setdefault(top, []).append((rest or ("/" if slash else ""), member))
        around = next(iter(found), "") if len(found) == 1 else ""
        inner = [(rest, member) for rest, member in found.get(around, []) if rest not in ("", "/")]
        if inner and self._is_around(around, [rest for rest, _ in inner]):
            return self._grouped(inner)
        return found

    def _is_around(self, top: str, names: Sequence[str]) -> bool:
        """Return whether the only folder at the top level is that of the whole course and not of one person."""
        inner = {name.partition("/")[0] for name in names}
        return top.casefold() in (self.path.stem.casefold(), "submissions") or gradescope.NAME in inner

    def place(self, name: str) -> Place:
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
    """Return the place of these entries, which is that of the archive if they are only one archive."""
    if len(entries) == 1 and entries[0].kind == FILE and entries[0].name.lower().endswith(ARCHIVES):
        return PackedPlace(entries[0])
    return ListedPlace(entries)


def newest(place: Path) -> float:
    """Return the modification time of a file, or of the newest file in a folder or one level below it."""
    found = mtime(place) if place.is_file() else 0.0
    if not found:
        for base, folders, names in os.walk(place):
            if Path(base) != place:
                folders.clear()
            found = max([found, *(mtime(Path(base, name)) for name in names)])
    return found or mtime(place)


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
