"""Write points into the files of learning platforms."""

from __future__ import annotations

import csv
import io
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from graders.errors import KataError
from graders.report.exports import harmless
from katas_course import roster_files
from katas_course.downloads import ANONYMOUS
from katas_course.gradebook.results import PersonReport
from katas_course.platforms.platform import Platform, normalised
from katas_course.roster import BY_HAND, Roster, RosterPerson, spellings
from katas_course.roster_files import RosterFile

MARK = "\ufeff"  # Excel reads UTF-8 only with this mark
_SAFE_ID = re.compile(r"[+-]?[\w.@ -]*")  # no spreadsheet runs anything in such a cell


@dataclass
class Filled:
    """A file with points, and the people whom it could not be filled for.

    `doubtful` maps a line of the file to the people who all fit it. `lost` are those of the people without a line who
    have submitted something or have points by a decision.
    """

    text: str
    column: str
    people: list[str] = field(default_factory=list)
    not_in_file: list[str] = field(default_factory=list)
    not_in_gradebook: list[str] = field(default_factory=list)
    awaiting: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)  # the course, without a submission
    doubtful: dict[int, list[str]] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    maxima: tuple[float, float] | None = None

    @property
    def data(self) -> bytes:
        """The file as bytes: UTF-8, with the mark that Excel needs if there is any character beyond ASCII."""
        return (self.text if self.text.isascii() else MARK + self.text).encode()


def fill(
    path: Path,
    platform: Platform,
    kata: str,
    title: str,
    reports: Sequence[PersonReport],
    column: str | None = None,
    others: Mapping[str, tuple[str, float]] | None = None,
) -> Filled:
    """Fill in a kata's points in a file that a platform has written. Its other columns and its ids stay unchanged.

    `others` holds the titles and the maxima of other katas. Raises KataError if the column must be one of theirs.
    """
    file = roster_files.read(path)
    delimiter, table, _ = roster_files.read_table(path)
    header = table[0][1]
    if file.system != platform.name:
        raise KataError(f"{path}: this is not a file from {platform.title}. Download one there, or omit --into.")
    lines = {number: [*cells, *[""] * (len(header) - len(cells))] for number, cells in table}
    maxima_line = platform.maxima_line.strip()
    possible = next((cells for _, cells in table[1:] if maxima_line and cells[0].strip() == maxima_line), [])
    position = _position(path, header, possible, platform.points, (kata, title), column)
    filled = Filled("", header[position])
    of_line = _of_lines(path, file, reports, kata, filled)
    for line, report in of_line.items():
        if _is_gone(report):
            filled.left.append(report.person)
        elif report.outstanding:
            filled.awaiting.append(report.person)
        else:
            lines[line][position] = points_of(report, kata) or lines[line][position]
            filled.people.append(report.person)
    filled.not_in_gradebook = [
        entry.name or entry.id or f"line {entry.line}"
        for entry in file.entries
        if entry.line not in of_line and entry.line not in filled.doubtful
    ]
    maximum = _find(header, platform.maximum)
    theirs = [cells[maximum] for cells in lines.values()] if maximum is not None else possible[position : position + 1]
    ours = _maximum(reports, kata)
    filled.maxima = next(((each, ours) for each in _numbers(theirs) if each != ours), None)
    # Where the column has the same name in all files, the name of the file has that of the assignment.
    where, name = ("this file", path.stem) if platform.points else (f"column {filled.column}", filled.column)
    _check_owner(path, where, name, filled.maxima, (kata, title), others or {})
    filled.text = _as_csv(lines.values(), delimiter, "\r\n" if b"\r\n" in path.read_bytes() else "\n")
    return filled


def minimal(platform: Platform, kata: str, title: str, reports: Sequence[PersonReport]) -> Filled:
    """Return a file with what a platform needs at least to import points. People not on the roster are left out."""
    known = [(report, report.listing.roster) for report in reports if report.listing.roster is not None]
    if not known:
        raise KataError(
            "There is no roster, so the people's ids are unknown. Import one with `katas gradebook people import`, "
            "or fill a file that you have downloaded: --into FILE."
        )
    maximum = number(_maximum(reports, kata))
    rows = [[name or title for name in platform.needed]]
    if platform.maxima_line:
        rows.append([platform.maxima_line, *[""] * (len(platform.needed) - 2), maximum])
    filled = Filled("", title)
    unknown = [report for report in reports if report.listing.roster is None]
    filled.not_in_file = [report.person for report in unknown]
    filled.lost = [report.person for report in unknown if _has_points(report)]
    for report, person in known:
        if _is_gone(report):
            continue
        if report.outstanding:
            filled.awaiting.append(report.person)
            continue
        texts = {"name": str(harmless(person.name)), "section": str(harmless(person.section))}
        texts |= {"points": points_of(report, kata), "maximum": maximum}
        ids = {**dict(person.ids), "id": person.id, "email": person.email}
        rows.append([texts[what] if what in texts else _safe(ids.get(what, "")) for what in platform.needed.values()])
        filled.people.append(report.person)
    filled.text = _as_csv(rows, ",", "\n")
    return filled


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

    Ids and e-mail addresses decide first, then the number in the name of a person's own submission for the kata, and
    at last the names. A name decides only about lines that no one's ids fit.
    """
    lines = {f"\0{entry.line}": entry.line for entry in file.entries}
    roster = Roster(
        RosterPerson(f"\0{entry.line}", entry.name or "", entry.email or "", ids=(*entry.ids, ("id", entry.id)))
        for entry in file.entries
    )
    numbered = _by_number(path, file, reports, kata)
    of_person = {
        report.person: _matched(roster, lines, _ids(report, file.system), exact=True) or numbered.get(report.person)
        for report in reports
    }
    taken = set(of_person.values())
    result: defaultdict[int, list[PersonReport]] = defaultdict(list)
    for report in reports:
        line = of_person[report.person]
        if line is None and (named := _matched(roster, lines, _names(report))) not in taken:
            line = named
        if line is not None:
            result[line].append(report)
        elif not report.has_left:
            filled.not_in_file.append(report.person)
    filled.doubtful = {line: [each.person for each in those] for line, those in result.items() if len(those) > 1}
    without = {*filled.not_in_file, *(person for those in filled.doubtful.values() for person in those)}
    filled.lost = [each.person for each in reports if each.person in without and _has_points(each)]
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


def _by_number(path: Path, file: RosterFile, reports: Sequence[PersonReport], kata: str) -> dict[str, int]:
    """Return the lines of people by their numbers in a file. The names of submissions can end in a number.

    A platform that numbers people does so anew in each assignment, so a number counts only if the line also has the
    submission's name. An anonymous file has no names. It must have the numbers of all submissions for the kata. Raises
    KataError otherwise, because it then belongs to another assignment.
    """
    entries = {each.participant: each for each in file.entries if each.participant}
    numbered = [
        (report.person, found[1], found[2])
        for report in reports
        for standing in (report.katas[kata].standings if kata in report.katas else ())
        if (found := re.fullmatch(r"(.+)_(\d+)", standing.attempt.submitted_as, re.DOTALL))
    ]
    anonymous = entries and not any(each.name or each.email or each.id for each in file.entries)
    missing = sorted({number for _, _, number in numbered} - entries.keys())
    if anonymous and missing:
        raise KataError(
            f"{path}: it lacks {ANONYMOUS} {missing[0]}, who has submitted {kata}, so it is the worksheet of "
            "another assignment. Download the one of this assignment."
        )
    result: dict[str, int] = {}
    for person, name, number in numbered:
        entry = entries.get(number)
        if entry is not None and (not entry.name or set(spellings(entry.name)) & set(spellings(name))):
            result.setdefault(person, entry.line)
    return result


def _is_gone(report: PersonReport) -> bool:
    """Return whether a person has left the course without any points."""
    return report.has_left and not _has_points(report)


def _has_points(report: PersonReport) -> bool:
    """Return whether a person has submitted something or got points by a decision."""
    return any(each.submitted or each.decisions for each in report.katas.values())


def _maximum(reports: Sequence[PersonReport], kata: str) -> float:
    return max((report.katas[kata].mark.maximum for report in reports if kata in report.katas), default=0.0)


# ----------------------------------------------------------------------------------------- the columns


def _position(
    path: Path, header: Sequence[str], possible: Sequence[str], points: str, names: Sequence[str], column: str | None
) -> int:
    """Return the number of the column for the points of the kata: one of `points`, or else one with one of the `names`.

    `possible` are the cells of the line with the maxima, which says what may not be written.
    """
    read_only = {position for position, cell in enumerate(possible) if "(read only)" in cell}
    usable = [
        position
        for position, name in enumerate(header)
        if position not in read_only and " - " not in name and not roster_files.is_about_people(name)
    ]
    choices = ", ".join(f'"{header[position]}"' for position in usable[:10]) or "none"
    if column is not None:
        result = [position for position in usable if header[position] == column]
        if len(result) != 1:
            raise KataError(f"{path}: there is no column {column} for points. Choose one of: {choices}.")
        return result[0]
    if (own := _find(header, points)) is not None:
        return own
    parts = [_words(each) for each in names if each]
    fitting = [position for position in usable if any(_contains(_words(header[position]), part) for part in parts)]
    if len(fitting) != 1:
        problem = "several columns fit" if fitting else "there is no column for"
        raise KataError(f"{path}: {problem} {names[0]}. Name one with --column: {choices}.")
    return fitting[0]


def _check_owner(
    path: Path,
    where: str,
    name: str,
    maxima: tuple[float, float] | None,
    own: tuple[str, str],
    others: Mapping[str, tuple[str, float]],
) -> None:
    """Raise KataError if the name belongs to another kata or, where it names no kata, the platform's maximum."""

    def names(*known: str) -> bool:
        return any(_contains(_words(name), _words(each)) for each in known if _words(each))

    if names(*own):
        return
    for by_maximum in (False, True):
        for slug, (title, maximum) in others.items():
            if maxima is not None and maxima[0] == maximum if by_maximum else names(slug, title):
                what = f"its maximum of {maximum:g} points" if by_maximum else "its name"
                raise KataError(
                    f"{path}: {where} belongs to {slug}, according to {what}, and not to {own[0]}. Choose another one, "
                    "or write the points there all the same: --anyway"
                )


def _words(name: str) -> list[str]:
    """Return the words and numbers in a name. An assignment's number in Canvas, at the end, is left out."""
    name = re.sub(r"\(\d+\)\s*$", "", name.casefold())
    return [each.lstrip("0") or "0" for each in re.findall(r"[^\W\d_]+|\d+", name)]


def _contains(words: Sequence[str], part: Sequence[str]) -> bool:
    return any(list(words[start : start + len(part)]) == list(part) for start in range(len(words) - len(part) + 1))


def _find(header: Sequence[str], names: str) -> int | None:
    found = (position for position, each in enumerate(header) if normalised(each) in names.split("|"))
    return next(found, None) if names else None


def _numbers(cells: Iterable[str]) -> Iterator[float]:
    for cell in cells:
        with suppress(ValueError):
            yield float(cell.replace(",", "."))


def _as_csv(lines: Iterable[Sequence[str]], delimiter: str, ending: str) -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator=ending).writerows(lines)
    return text.getvalue()
