"""The places that hold one person's files: a folder, an archive, a single file, or a list of entries.

A place can take the kata's files by the exact rules (`exact`), and can list everything that it holds (`entries`), for
`graders.intake.search`. It reads its content only if it must, and lists it at most once.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cached_property, partial
from pathlib import Path
from typing import NoReturn

from graders.catalogue import Kata
from graders.errors import IntakeError
from graders.intake import archive, folder, listing, notebooks, rules
from graders.intake.listing import FILE, Entry
from graders.intake.records import Submission
from graders.intake.rules import refuse

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz")
INNER_ARCHIVES = 20  # open at most this many archives inside a place
NOTEBOOKS = 20  # and search this many notebooks


class Place:
    """What one person submitted. `list_all` returns its entries, or raises IntakeError if there are too many."""

    def __init__(self, list_all: Callable[[], list[Entry]]) -> None:
        self._list_all = list_all
        self.problems: list[str] = []  # why archives in the place could not be opened

    @cached_property
    def entries(self) -> list[Entry]:
        """Everything in the place. Raises IntakeError if it cannot be listed completely."""
        return self._list_all()

    def exact(self, kata: Kata) -> Submission:
        """Return the kata's files by the rules of `graders.intake.take`."""
        return listing.take(kata, self.entries)

    @cached_property
    def found(self) -> list[Entry]:
        """Everything in the place, each archive followed by what is in it.

        Archives inside these archives are not opened. All of them together must keep the limits on one archive.
        """
        found: list[Entry] = []
        opened = packed = unpacked = 0
        for entry in self.entries:
            found.append(entry)
            if entry.kind != FILE or not is_archive_name(entry.name):
                continue
            opened, packed = opened + 1, packed + entry.size
            try:
                if opened > INNER_ARCHIVES:
                    refuse(entry.name, f"there are more than {INNER_ARCHIVES} archives", "Unpack them.")
                if packed > archive.ARCHIVE_BYTES:
                    _refuse_size(entry.name, "the archives are")
                inner = _inside(entry)
                unpacked += sum(each.size for each in inner)
                if unpacked > archive.UNPACKED_BYTES or len(found) + len(inner) > listing.ENTRIES:
                    refuse(entry.name, "the archives hold too much", "Pack only the kata's folder.")
                found += [each._replace(name=f"{entry.name}/{each.name}") for each in inner]
            except IntakeError as fault:
                self.problems.append(str(fault))
        return found

    @cached_property
    def cells(self) -> list[tuple[Entry, int, str, bytes]]:
        """Each notebook cell that contains a file: the notebook, and the number, the file name and the text."""
        books = [each for each in self.found if each.kind == FILE and each.size <= rules.DATA_BYTES]
        books = [each for each in books if each.name.lower().endswith(notebooks.SUFFIX)][:NOTEBOOKS]
        return [(book, *cell) for book in books for cell in notebooks.files(book.read(rules.DATA_BYTES + 1))]


class _Folder(Place):
    def __init__(self, path: Path) -> None:
        super().__init__(partial(folder.entries, path))
        self.path = path

    def exact(self, kata: Kata) -> Submission:
        return folder.take(kata, self.path)


def place_at(path: Path) -> Place:
    """Return the place at a path: a folder, an archive, or a file that is not an archive."""
    if not os.path.exists(path) or os.path.isdir(path):  # unlike Path's methods, these never raise
        return _Folder(path)
    if _is_plain_file(path):
        return Place(lambda: [folder.entry(path.parent, path.name)])
    return archive_at(path)


def archive_at(path: Path) -> Place:
    """Return the place in an archive, whatever its name."""
    return Place(lambda: archive.entries(path.name, archive.read(path)))


def packed_in(entry: Entry) -> Place:
    """Return the place in an archive that is an entry of a list, for example of a download with a whole course."""
    return Place(partial(_inside, entry))


def refusing(reason: str) -> Place:
    """Return a place whose entries may not be used."""

    def refused() -> list[Entry]:
        raise IntakeError(reason)

    return Place(refused)


def is_archive_name(name: str) -> bool:
    """Return whether a file's name is that of an archive."""
    return name.lower().endswith(ARCHIVES)


def _is_plain_file(path: Path) -> bool:
    """Return whether a path is a source file or a notebook, and not an archive in spite of its name."""
    if path.suffix.lower() not in (".py", notebooks.SUFFIX):
        return False
    try:
        with open(os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC), "rb") as file:
            return os.path.isfile(path) and not archive.is_archive(file.read(512))
    except OSError:
        return False


def _inside(entry: Entry) -> list[Entry]:
    """Return what is in an archive that is an entry of a list."""
    if entry.kind != FILE:
        refuse(entry.name, f"it is {entry.kind}, not a file", "Put an ordinary file in its place.")
    if entry.size > archive.ARCHIVE_BYTES:
        _refuse_size(entry.name, "it is")
    data = entry.read(archive.ARCHIVE_BYTES + 1)
    listing.check_announced(entry, data)
    return archive.entries(entry.name, data)


def _refuse_size(name: str, what: str) -> NoReturn:
    refuse(name, f"{what} larger than {archive.ARCHIVE_BYTES // 1024**2} MB", "Pack only the kata's folder.")
