"""Read a roster from a CSV file, also from the list of people that a learning platform writes."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from graders.errors import KataError
from graders.report.text import clean_line
from katas_course.downloads import PERSON, composed
from katas_course.platforms import PLATFORMS
from katas_course.platforms.platform import COLUMNS, Platform, RosterEntry, column_in, normalised

LARGEST = 20_000_000  # bytes
DELIMITERS = ",;\t"
GUESSED = "cp1252"  # the encoding of a file that doesn't say its own and isn't in UTF-8 or UTF-16
IDS = ("id", "identifier", "login", *PLATFORMS)
_SHORTENED = re.compile(r"\d+([.,]\d+)?E\+\d+", re.IGNORECASE)  # by a spreadsheet, which has lost the other digits
_WRAPPED = re.compile(r"""="(?P<formula>.+)"|'(?P<text>.+)|(?P<number>\d+)[.,]0""")
AS_TEXT = "Download the file again, and format this column as text before you save it."
_LOGIN = re.compile(r"(?:@|(?:https?://)?(?:www\.)?github\.com/)?(?P<login>[\w-]{1,100})/?", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class RosterFile:
    """A file with a roster. `system` is the learning platform that wrote it, or empty. `skipped` are not students.

    `unread` are the names of columns that mean nothing here. A platform's own files may have any. `repaired` maps ids
    as a spreadsheet wrote them to what they were. `sample` is a word in the file if its encoding was guessed.
    """

    path: str
    system: str
    entries: tuple[RosterEntry, ...]
    skipped: tuple[str, ...] = ()
    unread: tuple[str, ...] = ()
    repaired: Mapping[str, str] = field(default_factory=dict)
    sample: str = ""


class CsvTable(NamedTuple):
    """A CSV file as text: its delimiter, its lines with their numbers, and a word if its encoding was guessed."""

    delimiter: str
    lines: list[tuple[int, list[str]]]
    sample: str = ""


def read(path: Path, encoding: str | None = None) -> RosterFile:
    """Read a roster. Raises KataError for the first problem, with the line and a fix."""
    _, ((first, header), *rest), sample = read_table(path, encoding)
    platform = platform_of(header)
    system = platform.name if platform else ""
    columns = _columns(path, first, header, platform)
    lines = {
        line: {column: clean_line(cells[position].strip()) for column, position in columns.items()}
        for line, cells in _checked(path, header, rest)
    }
    repaired = _repair_ids(path, lines)
    has_students = any("student" in texts.get("role", "").casefold() for texts in lines.values())
    entries, skipped = [], []
    seen: dict[tuple[str, str], int] = {}
    for line, texts in lines.items():
        person = platform.person(texts) if platform else texts
        if person is None or (has_students and "student" not in texts.get("role", "").casefold()):
            is_someone = texts.get(system if system in columns else "id") or texts.get("email")
            skipped += [_name(texts)] if is_someone else []
            continue
        entry = _entry(path, line, person, platform)
        entries.append(entry)
        for key in (("id", entry.id), ("participant", entry.participant), *entry.ids):
            if key[1] and (earlier := seen.setdefault(key, line)) != line:
                what = "login" if key[0] == "github" else "id"
                raise KataError(
                    f"{path}, line {line}: the {what} {key[1]} is already in line {earlier}. Remove one of the lines."
                )
    if not entries:
        raise KataError(f"{path}: there are no people in it. Add a line for each person below the header.")
    unread = tuple(clean_line(name) for name in header if name.strip() and not is_about_people(name))
    return RosterFile(
        str(path),
        system,
        tuple(entries),
        tuple(filter(None, skipped)),
        () if system else unread,
        repaired,
        clean_line(sample),
    )


def platform_of(header: Sequence[str]) -> Platform | None:
    """Return the learning platform that writes this header, or None."""
    names = set(map(normalised, header))
    return next((each for each in PLATFORMS.values() if each.is_list(names)), None)


# ------------------------------------------------------------------------------------------- the text


def read_table(path: Path, encoding: str | None = None) -> CsvTable:
    """Read a CSV file with any usual delimiter, by default in any usual encoding. Empty lines are left out."""
    try:
        data = path.read_bytes() if path.stat().st_size <= LARGEST else None
    except OSError as fault:
        raise KataError(f"{path}: {fault.strerror}. Specify a CSV file.") from None
    if data is None:
        raise KataError(f"{path}: it is larger than {LARGEST // 1_000_000} MB, so it is not a roster.")
    if data[:4] == b"PK\x03\x04" or data[:4] == b"\xd0\xcf\x11\xe0":
        raise KataError(f"{path}: this is a spreadsheet. Save it as CSV (in Excel: Save as, CSV UTF-8).")
    decoded, sample = _decoded(path, data, encoding)
    text, delimiter = _delimited(decoded)
    lines = list(_lines(path, text, delimiter))
    if not lines:
        raise KataError(f"{path}: it is empty. The first line names the columns, such as id,name,e-mail,section,group.")
    return CsvTable(delimiter, lines, sample)


def _decoded(path: Path, data: bytes, chosen: str | None) -> tuple[str, str]:
    """Return the text, which is in UTF-8 with or without a mark, in UTF-16, or in Windows-1252.

    Windows-1252 is a guess. Then, a word with a character beyond ASCII is returned as well.
    """
    if chosen is not None:
        try:
            return data.decode(chosen), ""
        except (LookupError, UnicodeDecodeError) as fault:
            raise KataError(f"{path}: --encoding {chosen}: {fault}. Save the file as CSV in UTF-8.") from None
    encodings = ["utf-8-sig", GUESSED]
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings = ["utf-16"]
    elif data[1:8:2].strip(b"\0") == b"" and len(data) > 1:
        encodings = ["utf-16-le"]
    for encoding in encodings:
        with suppress(UnicodeDecodeError):
            text = data.decode(encoding)
            if "\0" not in text:
                word = re.search(r"""[^\s,;"]*[^\x00-\x7f][^\s,;"]*""", text) if encoding == GUESSED else None
                return text, word[0] if word else ""
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


def is_about_people(name: str) -> bool:
    """Return whether a column with this name is about people, in a roster or in the list of a platform."""
    return any(column_in(each, name) for each in (COLUMNS, *(each.columns for each in PLATFORMS.values())))


def _columns(path: Path, line: int, header: Sequence[str], platform: Platform | None) -> dict[str, int]:
    result: dict[str, int] = {}
    for position, name in enumerate(header):
        column = column_in(platform.columns if platform else COLUMNS, name)
        if column is None:
            continue
        if result.setdefault(column, position) != position and not (platform and platform.has_assignments):
            raise KataError(
                f"{path}, line {line}: the columns {clean_line(header[result[column]])} and {clean_line(name)} both "
                f"give the {column}. Remove one of them."
            )
    if not result.keys() & ({"id", "identifier"} | ({"email", platform.name} if platform else set())):
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


def _repair_ids(path: Path, lines: Mapping[int, dict[str, str]]) -> dict[str, str]:
    """Repair the ids that a spreadsheet has changed, and return them. Raises KataError for one that has lost digits."""
    repaired = {}
    for number, texts in lines.items():
        for column in texts.keys() & set(IDS):
            text = texts[column]
            if found := _WRAPPED.fullmatch(text):
                texts[column] = repaired[text] = next(filter(None, found.groups()))
            if _SHORTENED.fullmatch(texts[column]):
                raise KataError(f"{path}, line {number}: a spreadsheet has shortened an id to {text}. {AS_TEXT}")
    return repaired


def _entry(path: Path, line: int, texts: Mapping[str, str], platform: Platform | None) -> RosterEntry:
    login, email, own = texts.get("login", ""), texts.get("email"), texts.get("id", "")
    systems = (platform.name if platform else "", "login", "github")
    if "github" in texts:
        texts = {**texts, "github": _login(texts["github"])}
    ids = tuple((system, texts[system]) for system in systems if texts.get(system))
    participant = texts.get("identifier", "")
    if email is None and "@" in login:
        email = login
    if not own and not platform:
        raise KataError(f"{path}, line {line}: the id is missing. Add it, or remove the line.")
    if not own and not email and not ids and not participant:
        raise KataError(f"{path}, line {line}: it has no id and no e-mail address. Add one of them.")
    if len(own.encode()) > PERSON:
        raise KataError(f"{path}, line {line}: the id is longer than {PERSON} bytes. Shorten it.")
    own = composed(own or email or login)
    name = _name(texts) if texts.keys() & {"name", "first", "last"} else None
    return RosterEntry(line, own, name, email, texts.get("section"), texts.get("team"), ids, participant)


def _login(text: str) -> str:
    """Return the GitHub login in a cell, which may have an @ before it, or be the address of the person's page.

    Any other text stays as it is.
    """
    found = _LOGIN.fullmatch(text)
    return found["login"] if found else text


def check_logins(file: RosterFile) -> None:
    """Raise KataError for a text that cannot be a GitHub login."""
    for entry in file.entries:
        login = dict(entry.ids).get("github", "")
        if login and not _LOGIN.fullmatch(login):
            raise KataError(
                f"{file.path}, line {entry.line}: {login} is not a GitHub login. Write the login alone, such as ada-l."
            )


def _name(texts: Mapping[str, str]) -> str:
    return texts.get("name") or " ".join(filter(None, (texts.get("first"), texts.get("last"))))
