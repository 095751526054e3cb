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
from graders.report.text import clean_line
from katas_course import roster_files
from katas_course.downloads import ANONYMOUS
from katas_course.gradebook.results import PersonReport
from katas_course.identity import NUMBER, Said, by_entry, compare
from katas_course.platforms.platform import Platform, normalised
from katas_course.roster import SYSTEMS, Roster, RosterPerson, same_name, share_a_word
from katas_course.roster_files import RosterFile

COMMENT = "Final mark: "  # a comment that begins with it is ours, and may be replaced
LONGEST_COMMENT = 2_000  # characters
MARK = "\ufeff"  # Excel reads UTF-8 only with this mark
_SAFE_ID = re.compile(r"[+-]?[\w.@ -]*")  # no spreadsheet runs anything in such a cell


@dataclass
class Filled:
    """A file with points, and the people whom it could not be filled for.

    `doubtful` maps a line of the file to the people who fit it, if several do or if the only one fits other lines, too.
    `strangers` are people whose name is in the file, but with other ids, and `by_name` those whom nothing but the name
    identifies in it. `unseen` have submitted according to the file, but not to the gradebook. `lost` are those of the
    people without a line who have submitted something or have points by a decision.
    """

    text: str
    column: str
    people: list[str] = field(default_factory=list)
    not_in_file: list[str] = field(default_factory=list)
    not_in_gradebook: list[str] = field(default_factory=list)
    awaiting: list[str] = field(default_factory=list)
    left: list[str] = field(default_factory=list)  # the course, without a submission
    gone: list[str] = field(default_factory=list)  # from the course and from the file, with points
    doubtful: dict[int, list[str]] = field(default_factory=dict)
    lost: list[str] = field(default_factory=list)
    strangers: list[str] = field(default_factory=list)
    by_name: list[str] = field(default_factory=list)
    unseen: list[str] = field(default_factory=list)
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
    *,
    names: bool = False,
) -> Filled:
    """Fill in a kata's points in a file that a platform has written. Its other columns and its ids stay unchanged.

    `others` holds the titles and the maxima of other katas. With `names`, a name alone identifies a line, and people
    without a submission in the gradebook have none. Raises KataError if the column or the file must be one of theirs.
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
    filled, comments = Filled("", header[position]), _find(header, platform.comments)
    handed_in = _handed_in(platform, header, {entry.line: lines[entry.line] for entry in file.entries})
    of_line = _of_lines(path, file, reports, kata, filled, names=names)
    if not names:
        _check_numbers(path, file, of_line, kata)
    for line, report in of_line.items():
        if _is_gone(report):
            filled.left.append(report.person)
        elif report.outstanding:
            filled.awaiting.append(report.person)
        elif line in handed_in and not (names or _has_points(report)):
            filled.unseen.append(report.person)
        else:
            lines[line][position] = points_of(report, kata) or lines[line][position]
            if comments is not None and (not lines[line][comments] or lines[line][comments].startswith(COMMENT)):
                lines[line][comments] = comment_on(report, kata)
            filled.people.append(report.person)
    filled.not_in_gradebook = [
        f"{entry.name or entry.id or 'no name'} (line {entry.line})"
        for entry in file.entries
        if entry.line not in of_line and entry.line not in filled.doubtful
    ]
    missing = handed_in - of_line.keys() - filled.doubtful.keys()
    filled.unseen += [f"line {line}" for line in sorted(missing) if not names]
    maximum = _find(header, platform.maximum)
    theirs = [cells[maximum] for cells in lines.values()] if maximum is not None else possible[position : position + 1]
    ours = _maximum(reports, kata)
    filled.maxima = next(((each, ours) for each in _numbers(theirs) if each != ours), None)
    # Where the column has the same name in all files, the name of the file has that of the assignment.
    where, name = ("this file", path.stem) if platform.points else (f"column {filled.column}", filled.column)
    _check_owner(path, where, name, filled.maxima, (kata, title), others or {})
    filled.text = _as_csv(lines.values(), delimiter, "\r\n" if b"\r\n" in path.read_bytes() else "\n")
    return filled


def _check_numbers(path: Path, file: RosterFile, of_line: Mapping[int, PersonReport], kata: str) -> None:
    """Raise KataError if the file has people's numbers for another kata, and for this kata no one's.

    A platform that numbers people does so anew in each assignment.
    """
    numbers = {each.line: each.participant for each in file.entries if each.participant}
    found = {
        kind.removeprefix(NUMBER): report.person
        for line, report in of_line.items()
        for kind, number in report.listing.said
        if kind.startswith(NUMBER) and number == numbers.get(line)
    }
    if found and kata not in found:
        other, person = min(found.items())
        raise KataError(
            f"{path}: this is the worksheet of {other}, because {person} has the same number in it. Choose that of "
            f"{kata}, or write the points there all the same: --anyway"
        )


def _handed_in(platform: Platform, header: Sequence[str], lines: Mapping[int, Sequence[str]]) -> set[int]:
    """Return the lines that say that a person has submitted."""
    form, status = platform.times, _find(header, "status")
    time = _find(header, "|".join(map(normalised, form.titles))) if form else None
    if form is None or time is None:
        return set()
    submitted = {number for number, cells in lines.items() if cells[time].strip(" -")}
    return submitted if status is None else {each for each in submitted if not form.not_yet.match(lines[each][status])}


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


def comment_on(report: PersonReport, kata: str) -> str:
    """Return a person's final mark for a kata in words, or nothing without a submission."""
    result = report.katas[kata]
    if not result.submitted:
        return ""
    how = clean_line(result.mark.text, LONGEST_COMMENT)
    return f"{COMMENT}{number(result.mark.points)} of {number(result.mark.maximum)} points ({how})"


def number(value: float) -> str:
    """Return a number without zeros at its end."""
    return f"{value:.4f}".rstrip("0").rstrip(".")


# ------------------------------------------------------------------------------------------ the people


def _of_lines(
    path: Path, file: RosterFile, reports: Sequence[PersonReport], kata: str, filled: Filled, *, names: bool
) -> dict[int, PersonReport]:
    """Match people to the lines of a file. The people of the file form a roster, whose ids are the line numbers.

    A person fits the lines with one of their ids or e-mail addresses, and the one with the number of their own
    submission for the kata. They get a line only if they fit no other one and it fits no one else, and the number of a
    submission whose name was hidden is not enough for a line with a name. The name of a person who fits no line decides
    only with `names`, or without any ids, and never about a line that has other ids.
    """
    lines = {f"\0{entry.line}": entry.line for entry in file.entries}
    said = {entry.line: by_entry(entry, kata) for entry in file.entries}
    roster = Roster(
        RosterPerson(f"\0{entry.line}", entry.name or "", entry.email or "", ids=(*entry.ids, ("id", entry.id)))
        for entry in file.entries
    )
    fitting: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for number, ids in said.items():
        for pair in ids:
            fitting[pair].add(number)
    numbered = _by_number(path, file, reports, kata)
    names_of = {entry.line: entry.name for entry in file.entries if entry.name}
    fits: dict[str, set[int]] = {}
    of_line: defaultdict[int, list[PersonReport]] = defaultdict(list)
    for report in reports:
        known = [each for each in report.listing.said if not each[0].startswith(NUMBER)]
        found = set[int]().union(*(fitting.get(each, ()) for each in known))  # ids of one kind, then of different ones
        if not found:
            found = _matched(roster, lines, (value for _, value in known), exact=True)
            # The same number may be an id of one kind here and of another kind there.
            mine = report.listing.roster.name if report.listing.roster else ""
            found = {line for line in found if share_a_word(mine, names_of.get(line, ""))}
        if not report.listing.said:  # what was submitted as a name may be an id
            found = _matched(roster, lines, _names(report), exact=True)
        fits[report.person] = found | numbered.get(report.person, set())
        for line in fits[report.person]:
            of_line[line].append(report)
    taken = {line for line, those in of_line.items() if any(each.listing.said for each in those)}
    for report in reports:
        if fits[report.person]:
            continue
        named = _matched(roster, lines, _names(report)) - taken
        strange = {each for each in named if compare(report.listing.said, said[each]) == "contradicts"}
        filled.strangers += [report.person] * bool(strange and _has_points(report))
        if len(named - strange) == 1 and (names or named <= of_line.keys()):
            of_line[(named - strange).pop()].append(report)
            continue
        if named - strange and _has_points(report):
            filled.by_name.append(report.person)
        if not report.has_left:
            filled.not_in_file.append(report.person)
        elif _has_points(report):
            filled.gone.append(report.person)
    filled.doubtful = {
        line: [each.person for each in those]
        for line, those in of_line.items()
        if len(those) > 1 or len(fits[those[0].person]) > 1 or (line in names_of and _is_hidden(those[0]))
    }
    without = {*filled.not_in_file, *(person for those in filled.doubtful.values() for person in those)}
    filled.lost = [each.person for each in reports if each.person in without and _has_points(each)]
    return {line: those[0] for line, those in of_line.items() if line not in filled.doubtful}


def _is_hidden(report: PersonReport) -> bool:
    """Return whether the platform has hidden the name, so that a number alone says whose the submission is."""
    return report.listing.roster is None and report.person.startswith(f"{ANONYMOUS}_")


def _matched(roster: Roster, lines: Mapping[str, int], names: Iterable[str], *, exact: bool = False) -> set[int]:
    """Return the lines that any of these names and ids fit. If several do, they contradict each other."""
    matches = (roster.match(name) for name in names if name)
    return {lines[match.id] for match in matches if match.id and (not exact or match.how != SYSTEMS["name"])}


def _names(report: PersonReport) -> Iterable[str]:
    if report.listing.roster is not None:
        yield report.listing.roster.name
    yield from (name for name, _ in report.listing.names)


def _by_number(path: Path, file: RosterFile, reports: Sequence[PersonReport], kata: str) -> dict[str, set[int]]:
    """Return the lines of people by their numbers in a file. The names of submissions can end in a number.

    A platform that numbers people does so anew in each assignment, so a number counts only if the line also has the
    submission's name, or if the platform has hidden that. An anonymous file has no names. It must have the numbers of
    all submissions for the kata. Raises KataError otherwise, because it then belongs to another assignment.
    """
    entries = {each.participant: each for each in file.entries if each.participant}
    numbered = [
        (report.person, *each)
        for report in reports
        for standing in (report.katas[kata].standings if kata in report.katas else ())
        if standing.attempt.submitted_as in dict(report.listing.names)  # not by another member of the group
        for each in _numbers_of(standing.attempt.submitted_as, kata, report.listing.said)
    ]
    anonymous = entries and not any(each.name or each.email or each.id for each in file.entries)
    missing = sorted({number for _, _, number in numbered} - entries.keys())
    if anonymous and missing:
        raise KataError(
            f"{path}: it lacks {ANONYMOUS} {missing[0]}, who has submitted {kata}, so it is the worksheet of "
            "another assignment. Download the one of this assignment."
        )
    result: defaultdict[str, set[int]] = defaultdict(set)
    for person, name, number in numbered:
        entry = entries.get(number)
        if entry is None:
            continue
        if not entry.name or name == ANONYMOUS or same_name(entry.name, name):
            result[person].add(entry.line)
    return result


def _numbers_of(name: str, kata: str, known: Said) -> list[tuple[str, str]]:
    """Return the full name in a submitted name with the number at its end, or else with the stored numbers."""
    found = re.fullmatch(r"(.+)_(\d+)", name, re.DOTALL)
    return [(found[1], found[2])] if found else [(name, value) for kind, value in known if kind == NUMBER + kata]


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
