"""The places that hold one person's files: a folder, an archive, a single file, or a list of entries.

A place can take the kata's files by the exact rules (`exact`), and can list everything that it holds (`entries`), for
`graders.intake.search`. It reads its content only if it must, and lists it at most once.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple, NoReturn

from graders.catalogue import Kata
from graders.errors import IntakeError
from graders.intake import archive, folder, listing, notebooks, rules
from graders.intake.listing import FILE, Entry
from graders.intake.records import Submission
from graders.intake.rules import refuse

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
INNER_ARCHIVES = 20  # open at most this many archives inside a place
NOTEBOOKS = 20  # and search this many notebooks


class Found(NamedTuple):
    """The entries of a place and of the archives in it, and why some archives could not be opened."""

    entries: list[Entry]
    problems: list[str]


class Place(ABC):
    """What one person submitted."""

    @property
    @abstractmethod
    def entries(self) -> list[Entry]:
        """Everything in the place. Raises IntakeError if it cannot be listed completely."""

    @abstractmethod
    def exact(self, kata: Kata) -> Submission:
        """Return the kata's files by the rules of `graders.intake.take`."""

    @cached_property
    def found(self) -> Found:
        """Everything in the place and in the archives in it."""
        return _expanded(self.entries)

    @cached_property
    def cells(self) -> list[tuple[Entry, int, str, bytes]]:
        """Each notebook cell that contains a file: the notebook, and the number, the file name and the text."""
        books = [each for each in self.found.entries if each.kind == FILE and _is_notebook(each)]
        return [
            (book, *cell) for book in books[:NOTEBOOKS] for cell in notebooks.files(book.read(rules.DATA_BYTES + 1))
        ]


class FolderPlace(Place):
    """A folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def entries(self) -> list[Entry]:
        return folder.entries(self.path)

    def exact(self, kata: Kata) -> Submission:
        return folder.take(kata, self.path)


class ArchivePlace(Place):
    """A .zip or .tar file."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @cached_property
    def entries(self) -> list[Entry]:
        return archive.entries(self.path.name, archive.read(self.path))

    def exact(self, kata: Kata) -> Submission:
        return archive.take(kata, self.path)


class ListedPlace(Place):
    """Entries that belong to one person, for example in a download that holds those of a whole course.

    `refused` is why these entries may not be used, if they may not.
    """

    def __init__(self, entries: Sequence[Entry], refused: str = "") -> None:
        self._entries = list(entries)
        self.refused = refused

    @property
    def entries(self) -> list[Entry]:
        if self.refused:
            raise IntakeError(self.refused)
        return self._entries

    def exact(self, kata: Kata) -> Submission:
        return listing.take(kata, self.entries)


class PackedPlace(Place):
    """An archive that is an entry of a list, for example of a download that holds the files of a whole course."""

    def __init__(self, entry: Entry) -> None:
        self.entry = entry

    @cached_property
    def entries(self) -> list[Entry]:
        return archive.entries(self.entry.name, _content(self.entry))

    def exact(self, kata: Kata) -> Submission:
        return listing.take(kata, self.entries)


def place_at(path: Path) -> Place:
    """Return the place at a path: a folder, an archive, or a file that is not an archive."""
    if not os.path.exists(path) or os.path.isdir(path):  # unlike Path's methods, these never raise
        return FolderPlace(path)
    if _is_plain_file(path):
        return ListedPlace([folder.entry(path.parent, path.name)])
    return ArchivePlace(path)


def _is_plain_file(path: Path) -> bool:
    """Return whether a path is a source file or a notebook, and not an archive in spite of its name."""
    if path.suffix.lower() not in (".py", ".ipynb"):
        return False
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC), "rb") as file:
            return os.path.isfile(path) and not archive.is_archive(file.read(512))
    except OSError:
        return False


def _expanded(entries: Sequence[Entry]) -> Found:
    """Return the entries, each archive among them followed by what is in it, and why some cannot be opened.

    Archives inside these archives are not opened. All of them together must keep the limits on one archive.
    """
    found: list[Entry] = []
    problems: list[str] = []
    opened = packed = unpacked = 0
    for entry in entries:
        found.append(entry)
        if entry.kind != FILE or not is_archive_name(entry.name):
            continue
        opened, packed = opened + 1, packed + entry.size
        try:
            if opened > INNER_ARCHIVES:
                refuse(entry.name, f"there are more than {INNER_ARCHIVES} archives", "Unpack them.")
            inner = _inside(entry, packed)
            unpacked += sum(each.size for each in inner)
            if unpacked > archive.UNPACKED_BYTES or len(found) + len(inner) > listing.ENTRIES:
                refuse(entry.name, "the archives hold too much", "Pack only the kata's folder.")
        except IntakeError as fault:
            problems.append(str(fault))
        else:
            found += inner
    return Found(found, problems)


def is_archive_name(name: str) -> bool:
    """Return whether a file's name is that of an archive."""
    return name.lower().endswith(ARCHIVES)


def _is_notebook(entry: Entry) -> bool:
    return entry.name.lower().endswith(notebooks.SUFFIX) and entry.size <= rules.DATA_BYTES


def _inside(entry: Entry, packed: int) -> list[Entry]:
    if packed > archive.ARCHIVE_BYTES:
        _refuse_size(entry.name, "the archives are")
    return [each._replace(name=f"{entry.name}/{each.name}") for each in archive.entries(entry.name, _content(entry))]


def _content(entry: Entry) -> bytes:
    if entry.kind != FILE:
        refuse(entry.name, f"it is {entry.kind}, not a file", "Put an ordinary file in its place.")
    if entry.size > archive.ARCHIVE_BYTES:
        _refuse_size(entry.name, "it is")
    data = entry.read(archive.ARCHIVE_BYTES + 1)
    if len(data) != entry.size:
        refuse(entry.name, f"it has {len(data)} bytes, but {entry.size} were announced", "Pack it again.")
    return data


def _refuse_size(name: str, what: str) -> NoReturn:
    refuse(name, f"{what} larger than {archive.ARCHIVE_BYTES // 1024**2} MB", "Pack only the kata's folder.")
