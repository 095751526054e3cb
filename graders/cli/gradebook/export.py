"""`katas gradebook export`: write the gradebook for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from graders.cli.gradebook import export_lms
from graders.cli.gradebook.options import DEFAULT_URL, MaybeKata, Url, check_kata, open_gradebook
from graders.errors import KataError

if TYPE_CHECKING:
    from graders.course.gradebook import PersonKata, PersonReport
    from graders.course.rules import ScoredAttempt
    from graders.course.totals import Course

app = typer.Typer(help="Write the gradebook for other programs.", no_args_is_help=True, rich_markup_mode=None)

app.command("canvas")(export_lms.canvas)
app.command("moodle")(export_lms.moodle)
app.command("gradescope")(export_lms.gradescope)

COLUMNS = (
    *("person", "kata", "submitted_at", "submission_sha256", "status", "score", "max_score"),
    *("days_late", "over_limit", "points", "counts", "final_points", "steps"),
)
ROSTER = ("name", "email", "section", "group", "roster")


@app.command("csv")
def export_csv(
    kata: MaybeKata = None,
    per: Annotated[str, typer.Option(help="One row per submission or per person.", metavar="WHAT")] = "submission",
    output: Annotated[
        Path | None, typer.Option(help="Write to this file instead of the screen.", metavar="FILE")
    ] = None,
    gradebook: Url = DEFAULT_URL,
) -> None:
    """Write CSV with one row per submission or per person."""
    from graders.output import delivery

    if per not in ("submission", "person"):
        raise KataError(f"--per {per}: expected submission or person.")
    with open_gradebook(gradebook) as book:
        check_kata(book, kata)
        reports = book.reports(kata)
        settings = book.course()
    text = _csv(_per_submission(reports) if per == "submission" else _per_person(reports, settings))
    if output is None:
        print(text, end="")
        return
    delivery.deliver(text, output)
    print(f"written: {output}")


def _csv(rows: Sequence[Sequence[Any]]) -> str:
    from graders.course.results_table import harmless

    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([[harmless(cell) for cell in row] for row in rows])
    return text.getvalue()


def _per_submission(reports: Sequence[PersonReport]) -> list[list[Any]]:
    places = [place for report in reports for place in report.places.values()]
    several = len({place.kata for place in places}) > 1

    def column(place: PersonKata, task: str) -> str:
        return f"{place.kata}:{task}" if several else task

    tasks = list(
        dict.fromkeys(
            column(place, task.name)
            for place in sorted(places, key=lambda each: each.kata)
            for standing in place.standings
            for task in standing.attempt.verdict.tasks
        )
    )
    rows: list[list[Any]] = [[*COLUMNS, *tasks]]
    for place in places:
        if not place.standings:
            rows.append([*_missing_cells(place), *[""] * len(tasks)])
        for each in place.standings:
            given = [task for task in each.attempt.verdict.tasks if task.status != "awaiting_review"]
            scores = {column(place, task.name): task.score for task in given}
            rows.append([*_cells(place, each), *(scores.get(task, "") for task in tasks)])
    return rows


def _cells(place: PersonKata, attempt: ScoredAttempt) -> list[Any]:
    verdict = attempt.attempt.verdict
    of_submission = [attempt.attempt.submitted_at, verdict.submission_sha256]
    of_verdict = [verdict.status, verdict.score, verdict.max_score]
    counts = attempt is place.counted
    worth = [attempt.late, int(attempt.over_limit), attempt.points, int(counts)]
    final = [place.points, place.mark.text] if counts else ["", ""]
    return [place.person, place.kata, *of_submission, *of_verdict, *worth, *final]


def _missing_cells(place: PersonKata) -> list[Any]:
    """Return the cells about a person without a submission."""
    return [place.person, place.kata, "", "", "missing", "", place.mark.maximum, "", "", "", "", *_final(place)]


def _final(place: PersonKata) -> list[Any]:
    counts = place.submitted or place.rule.missing == "zero"
    return [place.points if counts else "", place.mark.text]


def _per_person(reports: Sequence[PersonReport], settings: Course) -> list[list[Any]]:
    """Return a row for each person. The columns depend on whether there are a roster, a pass mark and a bank."""
    katas = sorted({kata for report in reports for kata in report.places})
    has_roster = any(report.listing.roster for report in reports)
    head = ["person", *(ROSTER if has_roster else ()), *katas, "total", "maximum", "percent"]
    head += ["passed"] * (settings.pass_percent is not None) + ["late_days_used"] * (settings.late_day_bank > 0)
    rows: list[list[Any]] = [[*head, "outstanding", "notes"]]
    for report in reports:
        total = report.total
        own = [*(_of_roster(report) if has_roster else ()), *(_final(report.places[kata])[0] for kata in katas)]
        row = [report.person, *own, total.points, total.maximum, total.percent]
        row += [int(bool(total.passed))] * (settings.pass_percent is not None)
        row += [report.days_used] * (settings.late_day_bank > 0)
        rows.append([*row, report.outstanding, _notes(report)])
    return rows


def _of_roster(report: PersonReport) -> list[str]:
    person = report.listing.roster
    if person is None:
        return [""] * (len(ROSTER) - 1) + ["not in the roster"]
    return [person.name, person.email, person.section, person.team, "left" if person.left_at else ""]


def _notes(report: PersonReport) -> str:
    decided = [f"{place.kata}: {place.mark.text}" for place in report.places.values() if place.decisions]
    return "; ".join([*decided, *(f"{kata}: dropped as the lowest" for kata in report.total.dropped)])
