"""`katas gradebook show`: show everyone's points, or all submissions of one person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from graders.cli.gradebook.options import DEFAULT_URL, Url, check_kata, line, listed, open_gradebook
from graders.errors import KataError

if TYPE_CHECKING:
    from graders.course.gradebook import PersonKata, PersonReport
    from graders.course.gradebook.decisions import Request
    from graders.course.rules import ScoredAttempt
    from graders.course.totals import Course
    from graders.manual_scores import ManualScore

WIDEST_TABLE = 100  # in columns of a terminal
LONGEST_PERSON = 30  # in characters


def show(
    person: Annotated[str | None, typer.Argument(metavar="[PERSON]", help="Show this person in detail.")] = None,
    kata: Annotated[str | None, typer.Option(help="Only this kata.", metavar="SLUG")] = None,
    gradebook: Url = DEFAULT_URL,
) -> None:
    """Show everyone's points, or all submissions of one person.

    Each submission appears with its newest verdict. `katas gradebook audit` shows the earlier ones.
    """
    with open_gradebook(gradebook) as book:
        check_kata(book, kata)
        reports = book.reports(kata, person)
        settings = book.course()
        requests = book.requests(person, closed=True) if person else []
        if not any(report.places for report in reports):
            raise KataError(
                f"{book.name}: no submissions match. Import some with `katas gradebook import`, or choose others."
            )
    if person:
        print("\n".join(_in_detail(reports[0], settings, requests)))
    else:
        print("\n".join([*_table(reports), *_notes_on_people(reports)]))


def _table(reports: Sequence[PersonReport]) -> list[str]:
    """Return one line per person, with a column for each kata.

    If that is too wide, return one line per person and kata.
    """
    katas = sorted({kata for report in reports for kata in report.places})
    width = max(len("person"), *(len(_shortened(report.person)) for report in reports))
    wide = {kata: max(len(line(kata)), 6) for kata in katas}
    if width + sum(each + 2 for each in wide.values()) + 8 > WIDEST_TABLE:
        return [text for report in reports for text in _lines(report, width)]
    with_pass = any(report.total.passed is not None for report in reports)
    lines = [f"{'person':<{width}}" + "".join(f"  {line(kata):>6}" for kata in katas) + f"  {'total':>6}  {'of':>5}"]
    for report in reports:
        cells = "".join(f"  {_cell(report.places[kata]):>{wide[kata]}}" for kata in katas)
        total = f"{report.total.points:>6g}  {report.total.maximum:>5g}"
        passed = ("  passed" if report.total.passed else "  not passed") if with_pass else ""
        lines.append(f"{_shortened(report.person):<{width}}{cells}  {total}{passed}")
    if any(report.outstanding for report in reports):
        lines.append("* awaits review by a person: `katas review`")
    if any(place.decisions for report in reports for place in report.places.values()):
        lines.append("! changed by an instructor: `katas gradebook show PERSON`")
    return lines


def _lines(report: PersonReport, width: int) -> list[str]:
    person = f"{_shortened(report.person):<{width}}"
    places = [place for place in report.places.values() if place.submitted]
    return [*(f"{person}  {line(place.kata):<14} {_points(place)}" for place in places), f"{person}  {_total(report)}"]


def _total(report: PersonReport) -> str:
    total = report.total
    passed = "" if total.passed is None else "; passed" if total.passed else "; not passed"
    dropped = f"; dropped as the lowest: {', '.join(total.dropped)}" if total.dropped else ""
    return f"{'total':<14} {total.points:>6g} of {total.maximum:g} ({total.percent:.4g} %{passed}{dropped})"


def _notes_on_people(reports: Sequence[PersonReport]) -> list[str]:
    """Return who has no submission, who has left, and who is not on the roster."""
    has_roster = any(report.listing.roster for report in reports)
    groups = {
        "no submission": [each for each in reports if not any(place.submitted for place in each.places.values())],
        "left the course": [each for each in reports if each.has_left],
        "not in the roster": [each for each in reports if has_roster and each.listing.roster is None],
    }
    return [f"{what}: {listed([each.person for each in those])}" for what, those in groups.items() if those]


def _shortened(person: str) -> str:
    return line(person)[:LONGEST_PERSON]


def _cell(place: PersonKata) -> str:
    if not place.submitted:
        return "–"
    return f"{place.points:g}" + ("*" if place.outstanding else "") + ("!" if place.decisions else "")


def _in_detail(report: PersonReport, settings: Course, requests: Sequence[Request]) -> list[str]:
    lines = [_heading(report)] if report.listing.roster else []
    for place in report.places.values():
        lines.append(f"{line(place.kata)}: {_points(place).strip()}")
        if len(place.mark.steps) > 1:
            lines.append(f"    {line(place.mark.text, 3_000)}")
        for each in place.standings:
            verdict = each.attempt.verdict
            sign = "→" if each is place.counted else " "
            which = f"{line(each.attempt.submitted_at)}  {line(verdict.submission_sha256)[:12]}"
            lines.append(f"  {sign} {which}  {'; '.join(_notes(place, each))}")
    for request in requests:
        state = f"closed: {request.answer}" if request.closed_at else "open"
        lines.append(
            f"request {request.id}, {line(request.kata)}: {line(request.reason, 1_000)} ({line(state, 1_000)})"
        )
    if settings.late_day_bank:
        lines.append(f"late days used without a penalty: {report.days_used} of {settings.late_day_bank}")
    is_total = len(report.places) > 1 or settings.pass_percent is not None
    return [*lines, " ".join(_total(report).split())] if is_total else lines


def _heading(report: PersonReport) -> str:
    person = report.listing.roster
    assert person is not None
    words = [person.id, person.name, person.email, person.section, person.team]
    names = [f"{line(name)} ({line(how)})" for name, how in report.listing.names if how != "roster id"]
    left = ["left the course"] if person.left_at else []
    return ", ".join([*(line(word) for word in words if word), *left, *(f"submits as {name}" for name in names)])


def _notes(place: PersonKata, attempt: ScoredAttempt) -> list[str]:
    from graders.course.rules import days
    from graders.manual_scores import marks_of
    from graders.report.wording import extras

    verdict = attempt.attempt.original or attempt.attempt.verdict
    notes = [f"submitted for the group by {line(attempt.attempt.by)}"] if attempt.attempt.by else []
    notes.append(f"{verdict.status}, {verdict.score:g} of {verdict.max_score:g}")
    if counted := extras(verdict):
        notes.append(counted)
    if attempt.late:
        bank = f", {attempt.free} from the late-day bank" if attempt.free else ""
        notes.append(f"{days(attempt.late)} late{bank}: {attempt.points:g} left")
    if attempt.over_limit:
        notes.append(f"over the limit of {place.rule.attempts_per_day} attempts a day, so it does not count")
    return notes + [_score(score) for score in marks_of(verdict)]


def _points(place: PersonKata) -> str:
    from graders.course.rules import days

    if place.counted is None and not place.is_decided:
        return "no submission counts" if place.standings else "no submission"
    points = f"{place.points:>6g} of {place.mark.maximum:g}"
    if place.is_decided or place.counted is None:
        return f"{points}  {'excluded' if place.mark.excluded else 'override'}"
    verdict = place.counted.attempt.verdict
    late = f", {days(place.counted.late)} late" if place.counted.late else ""
    before = ", passed by another submission" if place.passed and verdict.status == "failed" else ""
    return f"{points}  {verdict.status}{late}{before}"


def _score(score: ManualScore) -> str:
    from graders.verdict import LONGEST_COMMENT

    comment = f" ({line(score.comment, LONGEST_COMMENT)})" if score.comment else ""
    return f"{line(score.task)} {score.points:g} by {line(score.reviewer)}{comment}"
