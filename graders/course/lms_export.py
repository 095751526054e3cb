"""Write points into the files of learning platforms: Canvas, Moodle and Gradescope."""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from graders.course import roster_files
from graders.course.gradebook.results import PersonReport
from graders.course.roster import BY_HAND, Roster, RosterPerson, spellings
from graders.course.roster_files import RosterFile, Table
from graders.course.written_files import harmless
from graders.errors import KataError

PLATFORMS = {"canvas": "Canvas", "moodle": "Moodle", "gradescope": "Gradescope"}
GRADE_COLUMNS = {"moodle": "grade", "gradescope": "totalscore"}
MAXIMUM_COLUMNS = {"moodle": "maximumgrade", "gradescope": "maxpoints"}
MARK = "\ufeff"  # Excel reads UTF-8 only with this mark
_SAFE_ID = re.compile(r"[+-]?[\w.@ -]*")  # no spreadsheet runs anything in such a cell


@dataclass
class Filled:
    """A file with points, and the people whom it could not be filled for.

    `doubtful` maps a line of the file to the people who all fit it.
    """

    text: str
    column: str
    people: list[str] = field(default_factory=list)
    not_in_file: list[str] = field(default_factory=list)
    not_in_gradebook: list[str] = field(default_factory=list)
    awaiting: list[str] = field(default_factory=list)
    locked: list[str] = field(default_factory=list)
    doubtful: dict[int, list[str]] = field(default_factory=dict)
    maxima: tuple[float, float] | None = None

    @property
    def data(self) -> bytes:
        """The file as bytes: UTF-8, with the mark that Excel needs if there is any character beyond ASCII."""
        return (self.text if self.text.isascii() else MARK + self.text).encode()


def fill(
    path: Path, system: str, kata: str, title: str, reports: Sequence[PersonReport], column: str | None = None
) -> Filled:
    """Fill in a kata's points in a file that a platform has written. Its other columns and its ids stay unchanged."""
    file = roster_files.read(path)
    table = roster_files.read_table(path)
    header = table.lines[0][1]
    if file.system != system:
        raise KataError(f"{path}: this is not a file from {PLATFORMS[system]}. Download one there, or omit --into.")
    lines = {number: [*cells, *[""] * (len(header) - len(cells))] for number, cells in table.lines}
    position = _position(path, _Columns(header, _points_possible(list(lines.values()))), system, (kata, title), column)
    filled = Filled("", header[position])
    of_line = _of_lines(path, file, reports, kata, filled)
    changeable = _find(header, "gradecanbechanged")
    for number, report in of_line.items():
        if changeable is not None and lines[number][changeable].strip().casefold() == "no":
            filled.locked.append(report.person)
        elif report.outstanding:
            filled.awaiting.append(report.person)
        else:
            lines[number][position] = points_of(report, kata) or lines[number][position]
            filled.people.append(report.person)
    filled.not_in_gradebook = [
        entry.name or entry.id or f"line {entry.line}"
        for entry in file.entries
        if entry.line not in of_line and entry.line not in filled.doubtful
    ]
    filled.maxima = _maxima(header, list(lines.values()), system, position, _maximum(reports, kata))
    filled.text = _written(lines.values(), table, path)
    return filled


def minimal(system: str, kata: str, title: str, reports: Sequence[PersonReport]) -> Filled:
    """Return a file with what a platform needs at least to import points. People not on the roster are left out."""
    known = [report for report in reports if report.listing.roster is not None]
    if not known:
        raise KataError(
            "There is no roster, so the people's ids are unknown. Import one with `katas gradebook people import`, "
            "or fill a file that you have downloaded: --into FILE."
        )
    maximum = number(_maximum(reports, kata))
    heads = {
        "canvas": ["Student", "ID", "SIS User ID", "SIS Login ID", "Section", title],
        "moodle": ["ID number", "Email address", title],
        "gradescope": ["Name", "SID", "Email", "Total Score", "Max Points"],
    }
    rows = [heads[system]]
    if system == "canvas":
        rows.append(["    Points Possible", "", "", "", "", maximum])
    filled = Filled("", title)
    filled.not_in_file = [report.person for report in reports if report.listing.roster is None]
    for report in known:
        if report.outstanding:
            filled.awaiting.append(report.person)
            continue
        rows.append(_minimal_row(system, report, points_of(report, kata), maximum))
        filled.people.append(report.person)
    filled.text = _as_csv(rows, ",", "\n")
    return filled


def _minimal_row(system: str, report: PersonReport, points: str, maximum: str) -> list[str]:
    person = report.listing.roster
    assert person is not None
    ids = dict(person.ids)
    name, section = (str(harmless(each)) for each in (person.name, person.section))
    if system == "canvas":
        return [name, *map(_safe, (ids.get("canvas", ""), person.id, ids.get("login", ""))), section, points]
    if system == "moodle":
        return [_safe(person.id), _safe(person.email), points]
    return [name, _safe(person.id), _safe(person.email), points, maximum]


def _safe(text: str) -> str:
    if not _SAFE_ID.fullmatch(text):
        raise KataError(
            f"{text}: a spreadsheet would treat this id as a formula, and changing it would break the import. "
            "Correct it in the roster, or fill a downloaded file: --into FILE."
        )
    return text


def points_of(report: PersonReport, kata: str) -> str:
    """Return a person's points for a kata as text. It is empty if a missing submission does not count."""
    result = report.katas[kata]
    if not result.submitted and result.rule.missing == "empty":
        return ""
    return number(result.mark.points)


def number(value: float) -> str:
    """Return a number without zeros at its end."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


# ------------------------------------------------------------------------------------------ the people


def _of_lines(
    path: Path, file: RosterFile, reports: Sequence[PersonReport], kata: str, filled: Filled
) -> dict[int, PersonReport]:
    """Match people to the lines of a file. The people of the file form a roster, whose ids are the line numbers.

    Ids and e-mail addresses decide first, then Moodle's number in the name of a person's own submission for the kata,
    and at last the names.
    """
    lines = {f"\0{entry.line}": entry.line for entry in file.entries}
    people = [
        RosterPerson(f"\0{entry.line}", entry.name or "", entry.email or "", ids=(*entry.ids, ("id", entry.id)))
        for entry in file.entries
    ]
    roster = Roster(people)
    participants = _Participants(path, file, reports, kata)
    result: defaultdict[int, list[PersonReport]] = defaultdict(list)
    for report in reports:
        ids = _matched(roster, lines, _ids(report, file.system), exact=True)
        line = ids or participants.line_of(report) or _matched(roster, lines, _names(report))
        if line is not None:
            result[line].append(report)
        elif not report.has_left:
            filled.not_in_file.append(report.person)
    filled.doubtful = {line: [each.person for each in those] for line, those in result.items() if len(those) > 1}
    return {line: those[0] for line, those in result.items() if len(those) == 1}


def _matched(roster: Roster, lines: Mapping[str, int], names: Iterable[str], *, exact: bool = False) -> int | None:
    matches = (roster.match(name) for name in names if name)
    keys = (match.id for match in matches if not exact or match.how != "full name")
    return next((lines[key] for key in keys if key is not None), None)


def _ids(report: PersonReport, system: str) -> Iterable[str]:
    person = report.listing.roster
    if person is not None:
        ids = sorted(person.ids, key=lambda each: each[0] != system)
        yield from (value for where, value in ids if where == system)
        yield person.id
        yield from (value for where, value in ids if where not in (system, BY_HAND))
        yield person.email


def _names(report: PersonReport) -> Iterable[str]:
    if report.listing.roster is not None:
        yield report.listing.roster.name
    yield from (name for name, _ in report.listing.names)


class _Participants:
    """The lines of a Moodle worksheet by number. The names of submissions can end in such a number.

    Moodle numbers people anew in each assignment, so a number counts only if the line also has the submission's name.
    An anonymous worksheet has no names. It must have the numbers of all submissions for the kata. Raises KataError
    otherwise, because it then belongs to another assignment.
    """

    def __init__(self, path: Path, file: RosterFile, reports: Sequence[PersonReport], kata: str) -> None:
        self._kata = kata
        self._lines = {each.participant: each for each in file.entries if each.participant}
        anonymous = self._lines and not any(each.name or each.email or each.id for each in file.entries)
        numbers = {number for report in reports for _, number in self._numbered(report)}
        if anonymous and (missing := sorted(numbers - self._lines.keys())):
            raise KataError(
                f"{path}: it lacks Participant {missing[0]}, who has submitted {kata}, so it is the worksheet of "
                "another assignment. Download the one of this assignment."
            )

    def line_of(self, report: PersonReport) -> int | None:
        for name, number in self._numbered(report):
            entry = self._lines.get(number)
            if entry is not None and (not entry.name or set(spellings(entry.name)) & set(spellings(name))):
                return entry.line
        return None

    def _numbered(self, report: PersonReport) -> list[tuple[str, str]]:
        """Return the names of a person's submissions for the kata that end in a number, each with the number."""
        result = report.katas.get(self._kata)
        names = [each.attempt.submitted_as for each in result.standings] if result is not None else []
        match = [re.fullmatch(r"(.+)_(\d+)", name, re.DOTALL) for name in dict.fromkeys(names)]
        return [(each[1], each[2]) for each in match if each]


def _maximum(reports: Sequence[PersonReport], kata: str) -> float:
    return max((report.katas[kata].mark.maximum for report in reports if kata in report.katas), default=0.0)


# ----------------------------------------------------------------------------------------- the columns


@dataclass(frozen=True)
class _Columns:
    """The names of the columns, and the cells of Canvas's line `Points Possible`, if any."""

    header: Sequence[str]
    possible: Sequence[str]

    @property
    def open(self) -> list[int]:
        """The numbers of the columns that may hold points."""
        locked = {number for number, cell in enumerate(self.possible) if "(read only)" in cell}
        return [
            number
            for number, name in enumerate(self.header)
            if number not in locked and " - " not in name and roster_files.column_of(name) is None
        ]


def _position(path: Path, columns: _Columns, system: str, names: Sequence[str], column: str | None) -> int:
    """Return the number of the column for the points of the kata, which has these names."""
    header = columns.header
    choices = ", ".join(f'"{header[number]}"' for number in columns.open[:10]) or "none"
    if column is not None:
        result = [number for number in columns.open if header[number] == column]
        if len(result) != 1:
            raise KataError(f"{path}: there is no column {column} for points. Choose one of: {choices}.")
        return result[0]
    if system in GRADE_COLUMNS and (position := _find(header, GRADE_COLUMNS[system])) is not None:
        return position
    parts = [_words(each) for each in names if each]
    fitting = [number for number in columns.open if any(_contains(_words(header[number]), part) for part in parts)]
    if len(fitting) != 1:
        problem = "several columns fit" if fitting else "there is no column for"
        raise KataError(f"{path}: {problem} {names[0]}. Name one with --column: {choices}.")
    return fitting[0]


def _points_possible(lines: Sequence[Sequence[str]]) -> Sequence[str]:
    """Return the line with the maxima in a file of Canvas."""
    return next((cells for cells in lines[1:] if cells[0].strip() == "Points Possible"), ())


def _words(name: str) -> list[str]:
    """Return the words and numbers in a name. An assignment's number in Canvas, at the end, is left out."""
    name = re.sub(r"\(\d+\)\s*$", "", name.casefold())
    return [each.lstrip("0") or "0" for each in re.findall(r"[^\W\d_]+|\d+", name)]


def _contains(words: Sequence[str], part: Sequence[str]) -> bool:
    return any(list(words[start : start + len(part)]) == list(part) for start in range(len(words) - len(part) + 1))


def _find(header: Sequence[str], normalised: str) -> int | None:
    return next((n for n, name in enumerate(header) if re.sub(r"[^a-z]", "", name.casefold()) == normalised), None)


def _maxima(
    header: Sequence[str], lines: Sequence[Sequence[str]], system: str, position: int, ours: float
) -> tuple[float, float] | None:
    """Return the platform's maximum and ours, if they differ."""
    if system == "canvas":
        cells = list(_points_possible(lines)[position : position + 1])
    else:
        column = _find(header, MAXIMUM_COLUMNS[system])
        cells = [] if column is None else [cells[column] for cells in lines[1:]]
    for cell in cells:
        try:
            theirs = float(cell)
        except ValueError:
            continue
        if theirs != ours:
            return theirs, ours
    return None


# -------------------------------------------------------------------------------------------- the text


def _written(lines: Iterable[Sequence[str]], table: Table, path: Path) -> str:
    ending = "\r\n" if b"\r\n" in path.read_bytes() else "\n"
    return _as_csv(lines, table.delimiter, ending)


def _as_csv(lines: Iterable[Sequence[str]], delimiter: str, ending: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=ending).writerows(lines)
    return text.getvalue()
