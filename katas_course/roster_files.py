"""Read a roster from a CSV file, also one that Canvas, Moodle or Gradescope has written."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from graders.errors import KataError
from graders.report.text import clean_line
from katas_course.downloads import PERSON, composed

LARGEST = 20_000_000  # bytes
DELIMITERS = ",;\t"
COLUMNS = {
    "id": "id|studentid|studentnumber|studentno|idnumber|idnummer|matriculationnumber|matriculationno|matrikelnummer"
    "|matrikelnr|matrnr|matrikel|sid|userid|uid|personid|netid|login|username|person",
    "name": "name|fullname|studentname|student|vollername|vollstndigername|displayname",
    "first": "firstname|givenname|forename|vorname",
    "last": "lastname|surname|familyname|nachname",
    "email": "email|emailaddress|mail|mailaddress|emailadresse|emailaddresses",
    "section": "section|sections|class|tutorial|course",
    "team": "group|groups|team|groupname|gruppe|gruppen",
    "role": "role|roles",
    "sis": "sisuserid",
    "login": "sisloginid",
    "identifier": "identifier",
    "github": "github|githubusername|githublogin|githubuser|githubaccount",
}
EXPECTED = {
    "canvas": ("id", "name", "sis", "login", "section"),
    "gradescope": ("id", "name", "first", "last", "email", "section", "role"),
}
GERMAN_WORKSHEET = "bewertungkanngendertwerden"  # a column of Moodle's: Bewertung kann geändert werden
SYSTEM_NAMES = {"": "a roster", "canvas": "Canvas's", "moodle": "Moodle's", "gradescope": "Gradescope's"}


@dataclass(frozen=True)
class RosterEntry:
    """A line of a roster. A value is None if the file has no such column. `ids` are ids in other systems.

    `participant` is the person's number in one assignment of Moodle. In the next one, someone else has it.
    """

    line: int
    id: str
    name: str | None = None
    email: str | None = None
    section: str | None = None
    team: str | None = None
    ids: tuple[tuple[str, str], ...] = ()
    participant: str = ""


@dataclass(frozen=True)
class RosterFile:
    """A file with a roster. `system` is the learning platform that wrote it, or empty. `skipped` are not students.

    `unread` are the names of columns that mean nothing here. A platform's own files may have any.
    """

    path: str
    system: str
    entries: tuple[RosterEntry, ...]
    skipped: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()


class Table(NamedTuple):
    """A CSV file as text: its delimiter, and its lines with their numbers."""

    delimiter: str
    lines: list[tuple[int, list[str]]]


def read(path: Path) -> RosterFile:
    """Read a roster. Raises KataError for the first problem, with the line and a fix."""
    (first, header), *rest = read_table(path).lines
    system = system_of(header)
    columns = _columns(path, first, header, system)
    lines = {
        line: {column: clean_line(cells[position].strip()) for column, position in columns.items()}
        for line, cells in _checked(path, header, rest)
    }
    has_students = any("student" in texts.get("role", "").casefold() for texts in lines.values())
    entries, skipped = [], []
    seen: dict[tuple[str, str], int] = {}
    for line, texts in lines.items():
        if _is_no_student(texts, system, has_students):
            skipped += [_name(texts)] if texts.get("id") or texts.get("email") else []
            continue
        entry = _entry(path, line, texts, system)
        entries.append(entry)
        for key in (("id", entry.id), ("participant", entry.participant), *entry.ids):
            if key[1] and (earlier := seen.setdefault(key, line)) != line:
                what = "login" if key[0] == "github" else "id"
                raise KataError(
                    f"{path}, line {line}: the {what} {key[1]} is already in line {earlier}. Remove one of the lines."
                )
    if not entries:
        raise KataError(f"{path}: there are no people in it. Add a line for each person below the header.")
    unread = () if system else tuple(clean_line(name) for name in header if name.strip() and column_of(name) is None)
    return RosterFile(str(path), system, tuple(entries), tuple(filter(None, skipped)), unread)


def system_of(header: Sequence[str]) -> str:
    """Return the learning platform that writes this header, or an empty string."""
    names = set(map(normalised, header))
    if {"student", "id", "section"} <= names:
        return "canvas"
    is_list = "emailaddress" in names and names & {"firstname", "surname", "lastname", "fullname"}
    if "githubusername" in names:
        return ""  # GitHub Classroom's own roster calls the id `identifier`, as Moodle's worksheets do
    if "identifier" in names or GERMAN_WORKSHEET in names or (is_list and "id" not in names):
        return "moodle"
    if "email" in names and ("sid" in names or ("role" in names and "id" not in names)):
        return "gradescope"
    return ""


# ------------------------------------------------------------------------------------------- the text


def read_table(path: Path) -> Table:
    """Read a CSV file in any usual encoding and with any usual delimiter. Empty lines are left out."""
    try:
        data = path.read_bytes() if path.stat().st_size <= LARGEST else None
    except OSError as fault:
        raise KataError(f"{path}: {fault.strerror}. Specify a CSV file.") from None
    if data is None:
        raise KataError(f"{path}: it is larger than {LARGEST // 1_000_000} MB, so it is not a roster.")
    if data[:4] == b"PK\x03\x04" or data[:4] == b"\xd0\xcf\x11\xe0":
        raise KataError(f"{path}: this is a spreadsheet. Save it as CSV (in Excel: Save as, CSV UTF-8).")
    text, delimiter = _delimited(_decoded(path, data))
    lines = list(_lines(path, text, delimiter))
    if not lines:
        raise KataError(f"{path}: it is empty. The first line names the columns, such as id,name,e-mail,section,group.")
    return Table(delimiter, lines)


def _decoded(path: Path, data: bytes) -> str:
    """Return the text, which is in UTF-8 with or without a mark, in UTF-16, or in Windows-1252."""
    encodings = ["utf-8-sig", "cp1252"]
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings = ["utf-16"]
    elif data[1:8:2].strip(b"\0") == b"" and len(data) > 1:
        encodings = ["utf-16-le"]
    for encoding in encodings:
        with suppress(UnicodeDecodeError):
            text = data.decode(encoding)
            if "\0" not in text:
                return text
    lines = data.split(b"\n")
    bad = (number for number, line in enumerate(lines, start=1) if b"\0" in line or not _is_utf8(line))
    raise KataError(f"{path}, line {next(bad, len(lines))}: it cannot be read as text. Save the file as CSV in UTF-8.")


def _is_utf8(line: bytes) -> bool:
    return line.decode("utf-8", "replace").encode() == line


def _delimited(text: str) -> tuple[str, str]:
    """Return the text without Excel's line `sep=;`, and the delimiter that the first line has most often."""
    first, _, rest = text.lstrip("\r\n").partition("\n")
    if re.fullmatch(r"sep=[,;\t]\s*", first, re.IGNORECASE):
        return "\n" + rest, first[4]
    unquoted = re.sub(r'"[^"]*"', "", first)
    return text, max(DELIMITERS, key=unquoted.count)


def _lines(path: Path, text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    start = 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield start, cells
            start = reader.line_num + 1
    except csv.Error as fault:
        raise KataError(f"{path}, line {start}: {fault}. Check the quotation marks in this line.") from None


# ----------------------------------------------------------------------------------------- the columns


def normalised(text: str) -> str:
    """Return the letters of a column's name in lower case."""
    return re.sub(r"[^a-z]", "", text.casefold())


def column_of(name: str) -> str | None:
    """Return which column of a roster has this name, in any usual spelling, or None."""
    return next((key for key, names in COLUMNS.items() if normalised(name) in names.split("|")), None)


def _columns(path: Path, line: int, header: Sequence[str], system: str) -> dict[str, int]:
    result: dict[str, int] = {}
    for position, name in enumerate(header):
        column = column_of(name)
        if column == "identifier" and not system:
            column = "id"
        if normalised(name) == "id" and system == "moodle":
            column = "identifier"  # in a grading worksheet in German
        if column is None or column not in EXPECTED.get(system, COLUMNS):
            continue
        if result.setdefault(column, position) != position and system not in EXPECTED:
            raise KataError(  # in the files of EXPECTED, an assignment can have any name
                f"{path}, line {line}: the columns {clean_line(header[result[column]])} and {clean_line(name)} both "
                f"give the {column}. Remove one of them."
            )
    if not result.keys() & ({"id", "sis", "identifier"} | ({"email"} if system else set())):
        raise KataError(
            f"{path}, line {line}: no column has the people's ids. The first line names the columns: "
            "id,name,e-mail,section,group,github; only id is required."
        )
    return result


def _checked(
    path: Path, header: Sequence[str], lines: Sequence[tuple[int, list[str]]]
) -> Iterator[tuple[int, list[str]]]:
    for line, cells in lines:
        while len(cells) > len(header) and not cells[-1].strip():
            cells = cells[:-1]
        if len(cells) > len(header) or len(cells) < len(header) - 1:
            fix = "Put quotation marks around a value that contains the separator."
            if len(cells) < len(header):
                fix = "Add the missing values or separators, or remove the line."
            raise KataError(
                f"{path}, line {line}: values found: {len(cells)}; columns in the first line: {len(header)}. {fix}"
            )
        yield line, [*cells, *[""] * (len(header) - len(cells))]


# ------------------------------------------------------------------------------------------- the people


def _is_no_student(texts: Mapping[str, str], system: str, has_students: bool) -> bool:
    """Return whether a line is about someone else: a teacher, Canvas's test student, or a line without a person."""
    test = normalised(texts.get("name", "")) in ("studenttest", "teststudent")
    if system == "canvas" and (test or not texts.get("id")):
        return True
    return has_students and "student" not in texts.get("role", "").casefold()


def _entry(path: Path, line: int, texts: Mapping[str, str], system: str) -> RosterEntry:
    login, email = texts.get("login", ""), texts.get("email")
    ids = [("canvas", texts["id"])] if system == "canvas" else []
    ids += [(system, texts[system]) for system in ("login", "github") if texts.get(system)]
    participant = texts.get("identifier", "").rpartition(" ")[2].removeprefix("Teilnehmer/in")
    if email is None and "@" in login:
        email = login
    own = texts.get("sis" if system == "canvas" else "id", "")
    if not own and not system:
        raise KataError(f"{path}, line {line}: the id is missing. Add it, or remove the line.")
    if not own and not email and not ids and not participant:
        raise KataError(f"{path}, line {line}: it has no id and no e-mail address. Add one of them.")
    if len(own.encode()) > PERSON:
        raise KataError(f"{path}, line {line}: the id is longer than {PERSON} bytes. Shorten it.")
    own = composed(own or (login if system == "canvas" else email or ""))
    name = _name(texts) if texts.keys() & {"name", "first", "last"} else None
    return RosterEntry(line, own, name, email, texts.get("section"), texts.get("team"), tuple(ids), participant)


def _name(texts: Mapping[str, str]) -> str:
    return texts.get("name") or " ".join(filter(None, (texts.get("first"), texts.get("last"))))
