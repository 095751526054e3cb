"""Read a folder that holds one folder or archive per person."""

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
PERSON = 200  # the limit on a person's name, in bytes because file systems limit names in bytes
LATEST = 253_402_300_799.0  # seconds from 1970 to the end of 9999, the last year that datetime supports


@dataclass(frozen=True)
class SubmissionEntry:
    """One person's folder or archive.

    `submitted_at` is a time in UTC, in ISO 8601. `explicit` means that the time comes from --times.
    """

    person: str
    place: Path
    submitted_at: str
    explicit: bool = False


@dataclass(frozen=True)
class KataSubmission:
    """The submission for one kata in an entry. If intake refused it, `taken` is None and `refused` is the reason."""

    entry: SubmissionEntry
    kata: Kata
    taken: Submission | None
    refused: str = ""


def find(folder: Path, times: Mapping[str, str] | None = None) -> list[SubmissionEntry]:
    """Return everyone's entry, sorted by name. Hidden files, links and files other than archives are skipped.

    The submission time comes from `times` or, if it has none, from the archive or the newest file in the person's
    folder. (`of_katas` later uses only the files of the kata.) Raises KataError if the folder has no entries, or two
    entries for one person.
    """
    try:
        places = sorted(folder.iterdir())
    except OSError as fault:
        raise KataError(
            f"{folder}: {fault.strerror}. Specify the folder that has one folder or archive per person."
        ) from None
    found: dict[str, SubmissionEntry] = {}
    for place in places:
        person = _person(place)
        if person is None:
            continue
        if person in found:
            raise KataError(_twice(place, found[person].place, person))
        given = (times or {}).get(person, "")
        found[person] = SubmissionEntry(person, place, given or _modified(place), explicit=bool(given))
    if not found:
        raise KataError(
            f"{folder}: there are no submissions. Specify the folder that has one folder or archive per person."
        )
    return list(found.values())


def composed(name: str) -> str:
    """Return a name in Unicode's composed form (NFC), because systems differ in how they store an é."""
    return unicodedata.normalize("NFC", name)


def forms(name: str) -> set[str]:
    """Return the Unicode forms that a name may be stored in."""
    return {name, composed(name), unicodedata.normalize("NFD", name)}


def _twice(place: Path, other: Path, person: str) -> str:
    if place.name != other.name and composed(place.name) == composed(other.name):
        names = f"{other.name!a} and {place.name!a}"
        return f"{place.parent}: {names} are the same name, {person}, in two Unicode forms. Remove one of them."
    return f"{place}: {other.name} belongs to the same person, {person}. Remove one of them."


def left_out(folder: Path) -> list[str]:
    """Return the names in a folder that `find` skips, with the reasons. Hidden files are not listed."""
    found = []
    for place in sorted(folder.iterdir()):
        if _person(place) is None and not _unseen(place):
            reason = "a symbolic link" if place.is_symlink() else f"neither a folder nor {', '.join(ARCHIVES)}"
            found.append(f"{printable(place.name)}: {reason}")
    return found


def read_times(path: Path) -> dict[str, str]:
    """Read each person's submission time from a CSV file with the columns `person` and `time`.

    Times are in ISO 8601, and those without an offset are in UTC. The first line may be a header. Raises KataError if
    a line is invalid.
    """
    times: dict[str, str] = {}
    try:
        rows = list(csv.reader(path.read_text(encoding="utf-8-sig").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error) as fault:
        raise KataError(f"{path}: {getattr(fault, 'strerror', None) or fault}. Specify a CSV file.") from None
    for number, row in enumerate(rows, start=1):
        if not row or (number == 1 and row[0].strip().lower() == "person"):
            continue
        try:
            person, text = (cell.strip() for cell in row)
            moment = as_utc(datetime.datetime.fromisoformat(text))
        except ValueError:
            raise KataError(f"{path}, line {number}: expected `person,2026-05-31T23:59:00+02:00`.") from None
        if times.setdefault(composed(person), moment) != moment:
            raise KataError(
                f"{path}, line {number}: an earlier line has a different time for {person}. Remove one of the lines."
            )
    return times


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


def of_katas(entry: SubmissionEntry, katas: Sequence[Kata], *, every: bool) -> Iterator[KataSubmission]:
    """Yield an entry's submissions for these katas.

    If `every` is false, katas with no files or only unchanged stubs are skipped. If a person submits a clone of the
    whole repository, only the katas that the person has worked on are graded.
    """
    for kata in katas:
        try:
            taken = intake.take(kata, entry.place, alone=True)
        except IntakeError as fault:
            yield KataSubmission(entry, kata, None, str(fault))
            continue
        if every or (taken.files and not _untouched(kata, taken)):
            yield KataSubmission(_timed(entry, kata, taken), kata, taken)


def _untouched(kata: Kata, taken: Submission) -> bool:
    """Return whether a submission holds only unchanged stubs, apart from files that match a pattern in `files`."""
    named = [name for name in kata.files if not is_glob(name)]
    own = [file for file in taken.files if not named or file.name in named]
    if not own:
        return True
    stubs = intake.shipped(kata, kata.folder)
    return all(stubs.get(file.name) == file.data for file in own)


def _timed(entry: SubmissionEntry, kata: Kata, taken: Submission) -> SubmissionEntry:
    """Return the entry with its time taken only from this kata's files, and the earlier ones that it builds on."""
    if entry.explicit or not entry.place.is_dir():
        return entry
    folders = [entry.place, *(each for each in entry.place.iterdir() if each.is_dir())]
    graded = [(kata.slug, taken.files), *((each.kata, each.files) for each in taken.earlier)]
    times = [
        _mtime(folder / inner / file.name)
        for folder in folders
        for slug, files in graded
        for inner in ("", f"katas/{slug}")
        for file in files
    ]
    newest = max(times, default=0.0)
    return replace(entry, submitted_at=_as_time(newest)) if newest else entry


def _unseen(place: Path) -> bool:
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
    """Return the modification time of an archive, or of the newest file in a folder or one level below it."""
    newest = _mtime(place) if place.is_file() else 0.0
    if not newest:
        for base, folders, names in os.walk(place):
            if Path(base) != place:
                folders.clear()
            newest = max([newest, *(_mtime(Path(base, name)) for name in names)])
    return _as_time(newest or _mtime(place))


def _as_time(seconds: float) -> str:
    return as_utc(datetime.datetime.fromtimestamp(seconds, datetime.UTC))


def _mtime(path: Path) -> float:
    try:
        return max(0.0, min(path.lstat().st_mtime, LATEST))
    except OSError:
        return 0.0
