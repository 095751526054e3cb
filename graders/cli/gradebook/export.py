"""`katas gradebook export`: write the gradebook for other programs."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from graders.cli.gradebook.options import DEFAULT_URL, MaybeKata, Url, check_kata, open_gradebook
from graders.errors import KataError

if TYPE_CHECKING:
    from graders.course.gradebook import PersonKata
    from graders.course.rules import ScoredAttempt

app = typer.Typer(help="Write the gradebook for other programs.", no_args_is_help=True, rich_markup_mode=None)

COLUMNS = (
    *("person", "kata", "submitted_at", "submission_sha256", "status", "score", "max_score"),
    *("days_late", "over_limit", "points", "counts"),
)


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
        places = book.places(kata)
    text = _csv(_per_submission(places) if per == "submission" else _per_person(places))
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


def _per_submission(places: Sequence[PersonKata]) -> list[list[Any]]:
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
        for each in place.standings:
            given = [task for task in each.attempt.verdict.tasks if task.status != "awaiting_review"]
            scores = {column(place, task.name): task.score for task in given}
            rows.append([*_cells(place, each), *(scores.get(task, "") for task in tasks)])
    return rows


def _cells(place: PersonKata, attempt: ScoredAttempt) -> list[Any]:
    verdict = attempt.attempt.verdict
    of_submission = [attempt.attempt.submitted_at, verdict.submission_sha256]
    of_verdict = [verdict.status, verdict.score, verdict.max_score]
    worth = [attempt.late, int(attempt.over_limit), attempt.points, int(attempt is place.counted)]
    return [place.person, place.kata, *of_submission, *of_verdict, *worth]


def _per_person(places: Sequence[PersonKata]) -> list[list[Any]]:
    katas = sorted({place.kata for place in places})
    points = {(place.person, place.kata): place.points for place in places}
    rows: list[list[Any]] = [["person", *katas, "total", "outstanding"]]
    for person in sorted({place.person for place in places}):
        own = [points.get((person, kata), "") for kata in katas]
        outstanding = sum(place.outstanding for place in places if place.person == person)
        rows.append([person, *own, round(sum(each for each in own if isinstance(each, float)), 4), outstanding])
    return rows
