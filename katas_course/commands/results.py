"""`katas gradebook show`, `stats` and `audit`: what the gradebook says."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import fmean
from typing import Annotated

from graders.errors import KataError
from graders.manual_scores import scores_of
from graders.output import delivery
from graders.report import wording
from graders.verdict import LONGEST_COMMENT
from katas_course import statistics
from katas_course.commands.options import (
    DEFAULT_URL,
    MaybeKata,
    Url,
    argument,
    check_kata,
    line,
    listed,
    open_gradebook,
    option,
    person_line,
)
from katas_course.gradebook import decisions, results, settings
from katas_course.gradebook.results import KataResult, PersonReport
from katas_course.gradebook.tables import RequestRow
from katas_course.rules import ScoredAttempt, days
from katas_course.statistics import KataStatistics, left_out, percentage, signed
from katas_course.submissions import now
from katas_course.totals import Course

WIDEST_TABLE = 100  # in columns of a terminal
LONGEST_PERSON = 30  # in characters


def show(
    person: Annotated[str | None, argument("[PERSON]", "Show this person in detail.")] = None,
    kata: Annotated[str | None, option("Only this kata.", "SLUG")] = None,
    gradebook: Url = DEFAULT_URL,
) -> None:
    """Show everyone's points, or all submissions of one person.

    Each submission appears with its newest verdict. `katas gradebook audit` shows the earlier ones.
    """
    with open_gradebook(gradebook) as book:
        check_kata(book, kata)
        reports = book.read(results.reports, kata, person)
        course, clock = book.read(settings.course), book.read(settings.clock)
        requests = [row for _, row in book.read(decisions.requests, person, closed=True)] if person else []
        if not any(report.katas for report in reports):
            raise KataError(
                f"{book.name}: no submissions match. Grade some with `katas grade-batch`, or choose others."
            )
    if person:
        print(clock.in_text("\n".join(_in_detail(reports[0], course, requests))))
    else:
        print("\n".join([*_table(reports), *_notes_on_people(reports)]))


def _table(reports: Sequence[PersonReport]) -> list[str]:
    """Return one line per person, with a column for each kata, or if that is too wide, one per person and kata."""
    katas = {kata: max(len(line(kata)), 6) for kata in sorted({kata for report in reports for kata in report.katas})}
    people = {report.person: line(report.person)[:LONGEST_PERSON] for report in reports}
    width = max(len("person"), *map(len, people.values()))
    if width + sum(each + 2 for each in katas.values()) + 8 > WIDEST_TABLE:
        return [
            f"{people[report.person]:<{width}}  {text}"
            for report in reports
            for text in (
                *(f"{line(each.kata):<14} {_points(each)}" for each in report.katas.values() if each.submitted),
                _total(report),
            )
        ]
    lines = [f"{'person':<{width}}" + "".join(f"  {line(kata):>6}" for kata in katas) + f"  {'total':>6}  {'of':>5}"]
    for report in reports:
        total, cells = report.total, "".join(f"  {_cell(report.katas[kata]):>{wide}}" for kata, wide in katas.items())
        passed = "" if total.passed is None else "  passed" if total.passed else "  not passed"
        lines.append(f"{people[report.person]:<{width}}{cells}  {total.points:>6g}  {total.maximum:>5g}{passed}")
    if any(report.outstanding for report in reports):
        lines.append("* awaits review by a person: `katas serve --instructor`")
    if any(result.decisions for report in reports for result in report.katas.values()):
        lines.append("! changed by an instructor: `katas gradebook show PERSON`")
    return lines


def _total(report: PersonReport) -> str:
    total = report.total
    passed = "" if total.passed is None else "; passed" if total.passed else "; not passed"
    dropped = f"; dropped as the lowest: {', '.join(total.dropped)}" if total.dropped else ""
    return f"{'total':<14} {total.points:>6g} of {total.maximum:g} ({total.percent:.4g} %{passed}{dropped})"


def _notes_on_people(reports: Sequence[PersonReport]) -> list[str]:
    has_roster = any(report.listing.roster for report in reports)
    groups = {
        "no submission": [each for each in reports if not each.has_submitted],
        "left the course": [each for each in reports if each.has_left],
        "not in the roster": [each for each in reports if has_roster and each.listing.roster is None],
    }
    return [f"{what}: {listed([each.person for each in those])}" for what, those in groups.items() if those]


def _cell(result: KataResult) -> str:
    if not result.submitted:
        return "–"
    return f"{result.points:g}" + ("*" if result.outstanding else "") + ("!" if result.decisions else "")


def _in_detail(report: PersonReport, course: Course, requests: Sequence[RequestRow]) -> list[str]:
    lines = [person_line(report.listing, ", ", "left the course")] if report.listing.roster else []
    for result in report.katas.values():
        lines.append(f"{line(result.kata)}: {_points(result).strip()}")
        if len(result.mark.steps) > 1:
            lines.append(f"    {line(result.mark.text, 3_000)}")
        for each in result.standings:
            sign = "→" if each is result.counted else " "
            which = f"{line(each.attempt.submitted_at)}  {line(each.attempt.verdict.submission_sha256)[:12]}"
            lines.append(f"  {sign} {which}  {'; '.join(_notes_on_submission(result, each))}")
    for request in requests:
        state = line(f"closed: {request.answer}" if request.closed_at else "open", 1_000)
        lines.append(f"request {request.id}, {line(request.kata)}: {line(request.reason, 1_000)} ({state})")
    if course.late_day_bank:
        lines.append(f"late days used without a penalty: {report.days_used} of {course.late_day_bank}")
    is_total = len(report.katas) > 1 or course.pass_percent is not None
    return [*lines, " ".join(_total(report).split())] if is_total else lines


def _notes_on_submission(result: KataResult, attempt: ScoredAttempt) -> list[str]:
    verdict = attempt.attempt.original or attempt.attempt.verdict
    notes = [f"submitted for the group by {line(attempt.attempt.by)}"] if attempt.attempt.by else []
    notes.append(f"{verdict.status}, {verdict.score:g} of {verdict.max_score:g}")
    if counted := wording.extras(verdict):
        notes.append(counted)
    if attempt.late:
        bank = f", {attempt.free} from the late-day bank" if attempt.free else ""
        notes.append(f"{days(attempt.late)} late{bank}: {attempt.points:g} left")
    if attempt.over_limit:
        notes.append(f"over the limit of {result.rule.attempts_per_day} attempts a day, so it does not count")
    for score in scores_of(verdict):
        comment = f" ({line(score.comment, LONGEST_COMMENT)})" if score.comment else ""
        notes.append(f"{line(score.task)} {score.points:g} by {line(score.reviewer)}{comment}")
    return notes


def _points(result: KataResult) -> str:
    if result.counted is None and not result.is_decided:
        return "no submission counts" if result.standings else "no submission"
    points = f"{result.points:>6g} of {result.mark.maximum:g}"
    if result.is_decided or result.counted is None:
        return f"{points}  {'excluded' if result.mark.excluded else 'override'}"
    verdict = result.counted.attempt.verdict
    late = f", {days(result.counted.late)} late" if result.counted.late else ""
    before = ", passed by another submission" if result.passed and verdict.status == "failed" else ""
    return f"{points}  {verdict.status}{late}{before}"


def stats(
    kata: MaybeKata = None,
    page: Annotated[Path | None, option("Write an HTML page to this file instead.", "FILE", "--html")] = None,
    gradebook: Url = DEFAULT_URL,
) -> None:
    """Show statistics on the tasks.

    They comprise pass rates, discrimination, and the misconceptions that the judge recognised.
    """
    with open_gradebook(gradebook) as book:
        check_kata(book, kata)
        known = book.read(results.of_katas)
        reports, course = book.read(results.reports, kata), book.read(settings.course)
        clock = book.read(settings.clock)
    found = [each for each in statistics.of_katas(known) if kata in (None, each.slug)]
    if not found:
        raise KataError(
            f"{gradebook}: no submissions match. Grade some with `katas grade-batch`, or choose another kata."
        )
    if page is None:
        print("\n".join([*(text for each in found for text in _lines_of_kata(each)), *_of_course(reports, course)]))
        return
    today = clock.iso(now())[:10]
    people = {result.person for result in statistics.included(known)}
    delivery.deliver(statistics.render(found, len(people), today), page)
    print(f"written: {page}")


def _of_course(reports: Sequence[PersonReport], course: Course) -> list[str]:
    totals = [report.total for report in reports if report.total.maximum]
    missing = [report for report in reports if not report.has_submitted]
    lines = [f"{len(missing)} of {len(reports)} people have not submitted anything"] if missing else []
    if totals and course.pass_percent is not None:
        passed = sum(bool(total.passed) for total in totals)
        mean = percentage(fmean(total.percent for total in totals) / 100)
        lines.append(f"{passed} of {len(totals)} people reach {course.pass_percent:g} % of the total, mean {mean}")
    return lines


def _lines_of_kata(kata: KataStatistics) -> Iterator[str]:
    solved = f"{kata.passed} of the {kata.people} people who submitted passed"
    yield f"{line(kata.title)} ({line(kata.slug)}): {solved}, mean {percentage(kata.mean)}"
    if kata.ungradable:
        yield f"  {kata.ungradable} could not be graded: they are left out of the means and the task statistics"
    if kata.excluded:
        yield f"  {left_out(kata.excluded)}"
    for task in kata.tasks:
        passed = f"{percentage(task.pass_rate)} of the {task.people} people graded pass, mean {percentage(task.mean)}"
        yield f"  {line(task.title)}\n      {passed}, D {signed(task.discrimination)}"
        for sentence, count in task.misconceptions:
            yield f"      {count}×  {line(sentence, 1_000)}"


LONGEST_CHANGE = 3_000  # in characters, which is enough for a reviewer's comment


def audit(
    person: Annotated[str | None, argument("[PERSON]", "Only changes that concern this person.")] = None,
    gradebook: Url = DEFAULT_URL,
) -> None:
    """Show the audit trail: who changed what, and when."""
    with open_gradebook(gradebook) as book:
        clock = book.read(settings.clock)
        for row in book.read(results.audit, person):
            before, after = line(row.before, LONGEST_CHANGE), line(row.after, LONGEST_CHANGE)
            change = f"{before} → {after}" if before else after
            words = (row.at, row.who, row.what, row.person, row.kata)
            print(clock.in_text("  ".join(part for part in (*map(line, words), change) if part)))
