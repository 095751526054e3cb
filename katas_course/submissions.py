"""Find out who submitted what and when, in a folder or in the download of a learning platform."""

from __future__ import annotations

import datetime
import unicodedata
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from msgspec import structs

from graders import intake
from graders.catalogue import Kata
from graders.errors import IntakeError, KataError
from graders.intake import Submission, search
from graders.intake.places import Place, place_at
from graders.intake.rules import printable
from katas_course import downloads, identity, roster_files
from katas_course.clock import unclear, zone_of
from katas_course.downloads import ANONYMOUS, Cohort, SubmissionEntry, as_time, as_utc, composed, mtime
from katas_course.identity import Said
from katas_course.platforms import PLATFORMS, is_late_note
from katas_course.platforms.platform import Belongs, TimesColumn, normalised
from katas_course.roster import same_name, spellings


@dataclass(frozen=True)
class KataSubmission:
    """The submission for one kata in an entry. If intake refused it, `files` is None and `refused` is the reason."""

    entry: SubmissionEntry
    kata: Kata
    files: Submission | None
    refused: str = ""


def read(path: Path, form: str | None = None, belongs: Belongs = lambda _: False) -> Cohort:
    """Return the entries in a folder or .zip file. `form` is "folders" or a platform, by default what the names say.
    `belongs` says whether a name is that of a person on the roster (see Platform).

    The submission time comes from the learning management system, or from the archive or the newest file in the
    person's folder. (`of_katas` later uses only the files of the kata.) If several entries belong to one person, that
    person gets one entry, which is refused. Raises KataError if there are no entries.
    """
    forms_known = ("folders", *PLATFORMS)
    if form is not None and form not in forms_known:
        raise KataError(f"--from {form}: expected one of {', '.join(forms_known)}.")
    source = downloads.source_at(path, [each.marker for each in PLATFORMS.values() if each.marker])
    # From the last one: Canvas's names say the least, so they fit other platforms' too.
    fitting = (each for each in reversed(PLATFORMS.values()) if each.is_download(source.names))
    platform = PLATFORMS.get(form) if form else next(fitting, None)
    found = list(platform.entries(source, belongs) if platform else downloads.per_person(source))
    if not found:
        wanted = f" that look like {platform.download}; leave out --from {form}" if form and platform else ""
        raise KataError(f"{path}: there are no submissions{wanted}. {downloads.SPECIFY}")
    if platform:
        found = [replace(each, notes=(*each.notes, platform.late_note)) if each.late else each for each in found]
    known = Counter(person for entry in found for person in entry.people)
    entries = [_refused(person, found) for person, count in known.items() if count > 1]
    for entry in found:
        alone = [person for person in sorted(entry.people) if known[person] == 1]
        if alone:
            entries.append(replace(entry, person=alone[0], others=tuple(alone[1:])))
    entries.sort(key=lambda entry: entry.person)
    return Cohort(platform.name if platform else "folders", entries, source.left_out, source.unread)


def without_groups(cohort: Cohort, known: AbstractSet[tuple[str, str]]) -> Cohort:
    """Return the cohort without the group that Moodle puts before a name, as in `Red-Ada Roe_501`.

    `known` holds the names as `spellings`, each with the person's group or with a platform's number.
    """

    def plain(entry: SubmissionEntry) -> str:
        person = entry.person.removesuffix(f"_{entry.participant}")
        for place in (place for place, letter in enumerate(person) if letter == "-"):
            group, name = person[:place], person[place + 1 :]
            pairs = {(first, each) for first in (group, entry.participant) for each in spellings(name)}
            if entry.participant and (name == ANONYMOUS or pairs & known):
                return name
        return ""

    names = [plain(entry) for entry in cohort.entries]
    several = {name for name, count in Counter(names).items() if count > 1 or name == ANONYMOUS}
    entries = [
        replace(each, person=f"{name}_{each.participant}" if name in several else name) if name else each
        for each, name in zip(cohort.entries, names, strict=True)
    ]
    return replace(cohort, entries=sorted(entries, key=lambda entry: entry.person))


def names_by_number(path: Path) -> set[tuple[str, str]]:
    """Return the numbers of a platform's list of people with their names as `spellings`, or none for another file."""
    if roster_files.platform_of(roster_files.read_table(path).lines[0][1]) is None:
        return set()
    found = roster_files.read(path).entries
    return {(each.participant, name) for each in found if each.participant for name in spellings(each.name or "")}


def told_apart(cohort: Cohort, called: Callable[[SubmissionEntry], str]) -> Cohort:
    """Return the cohort with the names that the gradebook has for its entries."""
    entries = [replace(each, person=called(each)) for each in cohort.entries]
    return replace(cohort, entries=sorted(entries, key=lambda entry: entry.person))


def with_times(
    cohort: Cohort,
    times: Mapping[str, str],
    late: Mapping[str, bool] | None = None,
    ids: Mapping[str, Said] = MappingProxyType({}),
) -> Cohort:
    """Return the cohort with these submission times and ids. A group has the time of its first member who has one.

    A person with a time no longer has the note that the platform marked it as late: the time says it. `late` holds the
    marks of the platform that the times come from.
    """
    entries = []
    for entry in cohort.entries:
        given = next((person for person in entry.people if person in times), None)
        if given is not None:
            notes, is_late = tuple(note for note in entry.notes if not is_late_note(note)), (late or {}).get(given)
            entry = replace(entry, submitted_at=times[given], explicit=True, notes=notes, late=is_late)
        entries.append(replace(entry, said=ids.get(composed(entry.person), frozenset())))
    return replace(cohort, entries=entries)


def _refused(person: str, entries: Sequence[SubmissionEntry]) -> SubmissionEntry:
    own = [entry for entry in entries if person in entry.people]
    names = [entry.location.name for entry in own if isinstance(entry.location, Path)]
    listed = " and ".join(name if name.isascii() else f"{name!a}" for name in names)
    what = f"{listed} belong" if listed else f"{len(own)} submissions belong"
    reason = f"{what} to the same person, {person}. Remove all but one."
    return SubmissionEntry(person, own[0].location, max(entry.submitted_at for entry in own), refused=reason)


def forms(name: str) -> set[str]:
    """Return the Unicode forms that a name may be stored in."""
    return {name, composed(name), unicodedata.normalize("NFD", name)}


def names_in(entry: SubmissionEntry) -> str:
    """Return the names of an entry's first files, for a message that none of them is a kata's."""
    try:
        location = place_at(entry.location) if isinstance(entry.location, Path) else entry.location
        names = [each.name for each in location.found if each.kind != "a folder"]
    except IntakeError:
        return ""
    names.sort(key=lambda name: not name.lower().endswith((".py", ".ipynb")))
    return ", ".join(printable(name) for name in names[:3]) + (" and more" if len(names) > 3 else "")


class Times(NamedTuple):
    """The submission times in a file by person, in UTC (ISO 8601), and who is late according to the platform.

    `note` says how times without a time zone were read, if the file is a platform's. `ids` are what it says about a
    person besides the name.
    """

    times: dict[str, str]
    late: frozenset[str] = frozenset()
    note: str = ""
    ids: Mapping[str, Said] = MappingProxyType({})


def read_times(
    path: Path, people: Collection[str] = (), zone: str | None = None, numbers: Mapping[str, str] = MappingProxyType({})
) -> Times:
    """Read each person's submission time from a CSV file with the columns `person` and `time`.

    The first line may be a header. The file may also be a platform's list of people with times. A person in it gets
    the one of their names that is in `people`, unless `numbers` has another number for this name. Times are in ISO
    8601; those without an offset are in `zone`, by default in UTC, and a platform's in the time zone of this machine.
    Raises KataError if a line is invalid.
    """
    lines = roster_files.read_table(path).lines
    platform = roster_files.platform_of(lines[0][1])
    form = platform.times if platform else None
    in_zone = zone_of(zone) if zone else None
    times: dict[str, str] = {}
    ids: dict[str, Said] = {}
    late = set()
    for number, person, known, text, is_late in (
        _of_list(path, lines, people, numbers, form) if form else _of_table(lines)
    ):
        ids[composed(person)] = known
        try:
            moment = form.moment(text) if form else datetime.datetime.fromisoformat(text)
            if moment.tzinfo is None and in_zone and (problem := unclear(moment, in_zone)) and not form:
                raise KataError(f"{path}, line {number}: {problem}.")
            if moment.tzinfo is None and (in_zone or form):
                moment = moment.replace(tzinfo=in_zone) if in_zone else moment.astimezone()
            time = as_utc(moment)
        except (ValueError, OverflowError):
            wanted = form.wanted if form else "`person,2026-05-31T23:59:00+02:00`"
            raise KataError(f"{path}, line {number}: expected {wanted}.") from None
        if times.setdefault(composed(person), time) != time:
            raise KataError(
                f"{path}, line {number}: an earlier line has a different time for {person}. Remove one of the lines."
            )
        late |= {composed(person)} if is_late else set()
    if platform is None or form is None:
        return Times(times)
    read_as = zone or f"{datetime.datetime.now().astimezone().tzname()}, which is the zone of this machine"
    note = f"{path}: {platform.title}'s times name no time zone, and were read as {read_as}"
    return Times(times, frozenset(late), f"{note} (to change it: --zone Europe/Berlin)", ids)


# A line's number, a person with their ids, a time as text, and whether it is marked as late.
TimeLine = tuple[int, str, Said, str, bool]


def _of_table(lines: Sequence[tuple[int, list[str]]]) -> Iterator[TimeLine]:
    for number, row in lines:
        if number == 1 and row[0].strip().lower() == "person":
            continue
        cells = [cell.strip() for cell in row]
        yield number, cells[0], frozenset(), cells[1] if len(cells) == 2 else "", False


def _of_list(
    path: Path,
    lines: Sequence[tuple[int, list[str]]],
    people: Collection[str],
    numbers: Mapping[str, str],
    form: TimesColumn,
) -> Iterator[TimeLine]:
    """Yield the lines of a platform's list of people that have a time of submission."""
    header = [normalised(name) for name in lines[0][1]]
    submitted = next((name for name in header if name in map(normalised, form.titles)), None)
    if submitted is None:
        raise KataError(f"{path}: it has no column {form.titles[0]}. Download the assignment's grading worksheet.")
    cells_of = dict(lines)
    for each in roster_files.read(path).entries:
        cells = dict(zip(header, cells_of[each.line], strict=False))
        text, name = cells.get(submitted, "").strip(), each.name or ""
        # As downloads of this assignment call namesakes, and everyone while names are hidden.
        numbered, hidden = (f"{one}_{each.participant}" for one in (name or ANONYMOUS, ANONYMOUS))
        own = numbers.get(composed(name)) or each.participant  # a bare name's, if someone in the download has it
        bare = name if own == each.participant else ""
        names = [numbered, hidden, bare, each.id, each.email or ""]
        person = next((one for one in names if composed(one) in people), each.id or each.email or bare or numbered)
        if text not in ("", "-"):
            yield each.line, person, identity.by_entry(each), text, form.is_late(cells)


def check_worksheet(path: Path, entries: Sequence[SubmissionEntry]) -> None:
    """Raise KataError if a number is someone else's in a platform's list, or if most people have other numbers there.

    Each assignment has its own numbers.
    """
    numbers: dict[str, set[str]] = {}
    names_of: dict[str, str] = {}
    for each in roster_files.read(path).entries:
        numbers.setdefault(composed(each.name or ANONYMOUS), set()).add(each.participant)
        names_of[each.participant] = each.name or ANONYMOUS
    everyone = set().union(*numbers.values())
    names = [(entry.person.removesuffix(f"_{entry.participant}"), entry.participant) for entry in entries]
    other = [f"{name}_{number}" for name, number in names if number and number not in numbers.get(name, everyone)]
    if 2 * len(other) > len(names) and any(everyone):
        raise KataError(
            f"{path}: it is another assignment's worksheet, because {len(other)} of {len(names)} people have other "
            f"numbers in it ({other[0]} is not there). Download this assignment's, or use this one: --anyway"
        )
    for name, number in names:
        there = names_of.get(number, ANONYMOUS)
        if number and ANONYMOUS not in (there, name) and not same_name(there, name):
            raise KataError(
                f"{path}: it is another assignment's or another section's worksheet, because number {number} is "
                f"{there} there, but {name} in the download. Download this assignment's, or use this one: --anyway"
            )


def times_of(people: Collection[str], times: Mapping[str, str], ids: Mapping[str, str]) -> dict[str, str]:
    """Return the times of people by their names in the batch, if `times` may also have other names of theirs.

    `ids` maps each of these names to the person's id. Raises KataError if a person has different times.
    """
    by_id: dict[str, str] = {}
    for name in times.keys() - set(people):
        other = by_id.setdefault(ids[name], name)
        if times[other] != times[name]:
            both = " and ".join(sorted((other, name)))
            raise KataError(f"--times: {both} are the same person, with different times. Remove one of the lines.")
    named = {person: person if person in times else by_id.get(ids[person]) for person in people}
    return {person: times[name] for person, name in named.items() if name is not None}


def now() -> str:
    """Return the current time in UTC, in ISO 8601 to the second."""
    return as_utc(datetime.datetime.now(datetime.UTC))


def of_katas(entry: SubmissionEntry, katas: Sequence[Kata], *, every: bool) -> Iterator[KataSubmission]:
    """Yield an entry's submissions for these katas.

    If `every` is false, katas with no files or only unchanged stubs are skipped. If a person submits a clone of the
    whole repository, only the katas that the person has worked on are graded.
    """
    location = place_at(entry.location) if isinstance(entry.location, Path) else entry.location
    for kata in katas:
        try:
            if entry.refused:
                raise IntakeError(entry.refused)
            submission = intake.take(kata, location, alone=True, anywhere=True)
        except IntakeError as fault:
            yield KataSubmission(entry, kata, None, str(fault))
            continue
        if every or submission.refused or (submission.files and not _has_only_stubs(kata, submission)):
            yield KataSubmission(_timed(entry, kata, submission), kata, _noted(entry, kata, location, submission))


FEWEST = 5  # people; in a smaller batch, a few wrong names are no sign of the wrong kata
SAMPLE = 20  # people whose files show which kata they are for


def check_fits(entries: Sequence[SubmissionEntry], kata: Kata, others: Sequence[Kata]) -> None:
    """Raise KataError if more than four of five people have no file of a kata. It names the kata that fits best."""
    lacking = [
        entry
        for entry in entries
        for each in of_katas(entry, [kata], every=True)
        if each.files is not None and not each.files.files
    ]
    if len(entries) < FEWEST or 5 * len(lacking) <= 4 * len(entries):
        return
    own = {kata.slug, *(each.slug for each in kata.earlier)}  # earlier files belong to a milestone's submission
    found = Counter(
        each.kata.slug
        for entry in lacking[:SAMPLE]
        for each in of_katas(entry, [each for each in others if each.slug not in own], every=False)
        if each.files is not None
    )
    best = next((slug for slug, count in found.most_common(1) if 2 * count > min(len(lacking), SAMPLE)), None)
    what = f"{len(lacking)} of {len(entries)} people lack its files ({', '.join(kata.files)}), so nothing was stored"
    names = {name for each in others if each.slug == best for name in each.named_files}
    fitting = [each.slug for each in others if each.slug not in own and names.intersection(each.named_files)]
    fits = f"Their files fit --kata {' or '.join(fitting)}" if fitting else "Check the folder and the kata"
    raise KataError(f"--kata {kata.slug}: {what}. {fits}. To grade them all the same: --anyway")


def _noted(entry: SubmissionEntry, kata: Kata, location: Place, submission: Submission) -> Submission:
    """Return the submission with the notes on its entry."""
    renamed = [
        f"{printable(entry.renamed[file.name])} was graded as {file.name}"
        for file in submission.files
        if file.name in entry.renamed
    ]
    left_out = [
        f"{name} was graded, and {other} was left out" for name, other in search.copies(kata, location, submission)
    ]
    notes = (*entry.notes, *renamed, *left_out, *submission.notes)
    return structs.replace(submission, notes=notes) if notes != submission.notes else submission


def _has_only_stubs(kata: Kata, submission: Submission) -> bool:
    """Return whether a submission holds only unchanged stubs, apart from files that match a pattern in `files`."""
    named = kata.named_files
    own = [file for file in submission.files if not named or file.name in named]
    if not own:
        return True
    stubs = intake.shipped(kata, kata.folder)
    return all(stubs.get(file.name) == file.data for file in own)


def _timed(entry: SubmissionEntry, kata: Kata, submission: Submission) -> SubmissionEntry:
    """Return the entry with its time taken only from this kata's files, and the earlier ones that it builds on."""
    if entry.explicit or not isinstance(entry.location, Path) or not entry.location.is_dir():
        return entry
    folders = [entry.location, *(each for each in entry.location.iterdir() if each.is_dir())]
    graded = [(kata.slug, submission.files), *((each.kata, each.files) for each in submission.earlier)]
    times = [
        mtime(folder / inner / file.name)
        for folder in folders
        for slug, files in graded
        for inner in ("", f"katas/{slug}")
        for file in files
    ]
    newest = max(times, default=0.0)
    return replace(entry, submitted_at=as_time(newest)) if newest else entry
