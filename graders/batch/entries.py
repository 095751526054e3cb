"""A folder of submissions: one folder or archive a person."""

from __future__ import annotations

import csv
import datetime
import os
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from graders import intake
from graders.catalogue import Kata, is_glob
from graders.errors import IntakeError, KataError
from graders.intake import Submission
from graders.intake.rules import printable

ARCHIVES = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
PERSON = 200  # bytes of a name, which file systems count
LATEST = 253_402_300_799.0  # seconds since 1970 until the end of the year 9999, the last that can be written down


@dataclass(frozen=True)
class Entry:
    """What one person handed in. `submitted_at` is UTC, ISO 8601; `told` when a table says so."""

    person: str
    place: Path
    submitted_at: str
    told: bool = False


@dataclass(frozen=True)
class Handed:
    """What an entry has of one kata; `refused` says why nothing could be taken."""

    entry: Entry
    kata: Kata
    taken: Submission | None
    refused: str = ""


def find(folder: Path, times: Mapping[str, str] | None = None) -> list[Entry]:
    """Everybody's entry, sorted by name. Hidden files are no submissions, nor are links and other files than archives.

    When it was handed in is what `times` says of a person, else the time of the archive, or of the newest file; of a
    kata, that of its own files (see `handed_in`). Raises KataError where there is nothing, and where two entries are
    one person's.
    """
    try:
        places = sorted(folder.iterdir())
    except OSError as fault:
        raise KataError(f"{folder}: {fault.strerror}: name the folder that holds one folder a person") from None
    found: dict[str, Entry] = {}
    for place in places:
        person = _person(place)
        if person is None:
            continue
        if person in found:
            raise KataError(_twice(place, found[person].place, person))
        told = (times or {}).get(person, "")
        found[person] = Entry(person, place, told or _modified(place), told=bool(told))
    if not found:
        raise KataError(f"{folder}: no submission in it; one folder or archive a person is expected")
    return list(found.values())


def composed(name: str) -> str:
    """A name in Unicode's composed form (NFC), in which names are kept: systems differ in how they store an é."""
    return unicodedata.normalize("NFC", name)


def forms(name: str) -> set[str]:
    """The ways in which one name may have been written."""
    return {name, composed(name), unicodedata.normalize("NFD", name)}


def _twice(place: Path, other: Path, person: str) -> str:
    if place.name != other.name and composed(place.name) == composed(other.name):
        names = f"{other.name!a} and {place.name!a}"
        return f"{place.parent}: {names} are one name, {person}, in two Unicode forms; leave one of them"
    return f"{place}: {other.name} is {person}'s too; leave one of them"


def left_out(folder: Path) -> list[str]:
    """The names in a folder of submissions that are nobody's entry, each with the reason; hidden ones are not told."""
    found = []
    for place in sorted(folder.iterdir()):
        if _person(place) is None and not _unseen(place):
            reason = "a link" if place.is_symlink() else f"no folder, and none of {', '.join(ARCHIVES)}"
            found.append(f"{printable(place.name)}: {reason}")
    return found


def read_times(path: Path) -> dict[str, str]:
    """When each person handed in: lines `person,time` (ISO 8601; UTC where no offset is given), with or without a head.

    Raises KataError, which names the line.
    """
    times: dict[str, str] = {}
    try:
        rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise KataError(f"{path}: {getattr(fault, 'strerror', None) or fault}: a CSV file is expected") from None
    for number, row in enumerate(rows, start=1):
        if not row or (number == 1 and row[0].strip().lower() == "person"):
            continue
        try:
            person, text = (cell.strip() for cell in row)
            moment = as_utc(datetime.datetime.fromisoformat(text))
        except ValueError:
            raise KataError(f"{path}, line {number}: `person,2026-05-31T23:59:00+02:00` is expected") from None
        if times.setdefault(composed(person), moment) != moment:
            raise KataError(f"{path}, line {number}: {person} has another time further up; leave one of them")
    return times


def as_utc(moment: datetime.datetime) -> str:
    """ISO 8601 in UTC, to the second; a moment without an offset is taken for UTC.

    Raises ValueError for one that in UTC lies outside the years 1 to 9999.
    """
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    try:
        return moment.astimezone(datetime.UTC).isoformat(timespec="seconds")
    except OverflowError as fault:
        raise ValueError(str(fault)) from None


def handed_in(entry: Entry, katas: Sequence[Kata], *, every: bool) -> Iterator[Handed]:
    """What an entry has of these katas, one after the other.

    With `every`, each kata is expected of everybody. Else those are left out of which nothing is there, or nothing but
    the stubs that were handed out: a clone of the whole repository hands in what was worked on.
    """
    for kata in katas:
        try:
            taken = intake.take(kata, entry.place)
        except IntakeError as fault:
            yield Handed(entry, kata, None, str(fault))
            continue
        if every or (taken.files and not _untouched(kata, taken)):
            yield Handed(_timed(entry, kata, taken), kata, taken)


def _untouched(kata: Kata, taken: Submission) -> bool:
    """Whether what was taken is no more than the kata's own stubs, or files that a pattern alone asks for."""
    named = [name for name in kata.files if not is_glob(name)]
    own = [file for file in taken.files if not named or file.name in named]
    if not own:
        return True
    stubs = intake.shipped(kata, kata.folder)
    return all(stubs.get(file.name) == file.data for file in own)


def _timed(entry: Entry, kata: Kata, taken: Submission) -> Entry:
    """The entry as it is of one kata: in a folder, what else lies there does not count."""
    if entry.told or not entry.place.is_dir():
        return entry
    folders = [entry.place, *(each for each in entry.place.iterdir() if each.is_dir())]
    times = [
        _mtime(folder / inner / file.name)
        for folder in folders
        for inner in ("", f"katas/{kata.slug}")
        for file in taken.files
    ]
    newest = max(times, default=0.0)
    return replace(entry, submitted_at=_said(newest)) if newest else entry


def _unseen(place: Path) -> bool:
    """Whether it is what systems leave beside what people hand in."""
    return place.name.startswith(".") or place.name == "__MACOSX"


def _person(place: Path) -> str | None:
    if _unseen(place) or place.is_symlink():
        return None
    name = place.name
    if not place.is_dir():
        ending = next((each for each in ARCHIVES if name.lower().endswith(each)), None)
        if ending is None:
            return None
        name = name[: -len(ending)]
    return composed(printable(name)).encode()[:PERSON].decode(errors="ignore")


def _modified(place: Path) -> str:
    """The newest time of an archive, or of the files right in a folder and one below."""
    newest = _mtime(place) if place.is_file() else 0.0
    if not newest:
        for base, folders, names in os.walk(place):
            if Path(base) != place:
                folders.clear()
            newest = max([newest, *(_mtime(Path(base, name)) for name in names)])
    return _said(newest or _mtime(place))


def _said(seconds: float) -> str:
    return as_utc(datetime.datetime.fromtimestamp(seconds, datetime.UTC))


def _mtime(path: Path) -> float:
    try:
        return max(0.0, min(path.lstat().st_mtime, LATEST))
    except OSError:
        return 0.0
