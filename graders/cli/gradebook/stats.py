"""`katas gradebook stats`: show statistics on the tasks, as text or as an HTML page."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from graders.cli.gradebook.options import DEFAULT_URL, MaybeKata, Url, check_kata, line, open_gradebook
from graders.errors import KataError

if TYPE_CHECKING:
    from graders.course.gradebook import PersonReport
    from graders.course.statistics import KataStatistics
    from graders.course.totals import Course


def stats(
    kata: MaybeKata = None,
    page: Annotated[
        Path | None, typer.Option("--html", help="Write an HTML page to this file instead.", metavar="FILE")
    ] = None,
    gradebook: Url = DEFAULT_URL,
) -> None:
    """Show statistics on the tasks.

    They comprise pass rates, discrimination, and the misconceptions that the judge recognised.
    """
    from graders.course import statistics
    from graders.output import delivery

    with open_gradebook(gradebook) as book:
        check_kata(book, kata)
        places = book.places()
        reports, settings = book.reports(kata), book.course()
    found = [each for each in statistics.of_katas(places) if kata in (None, each.slug)]
    if not found:
        raise KataError(
            f"{gradebook}: no submissions match. Import some with `katas gradebook import`, or choose another kata."
        )
    if page is None:
        print("\n".join([*(text for each in found for text in _lines(each)), *_of_course(reports, settings)]))
        return
    from graders.course.statistics_page import render

    today = datetime.datetime.now(datetime.UTC).date().isoformat()
    people = {place.person for place in statistics.included(places)}
    delivery.deliver(render(found, len(people), today), page)
    print(f"written: {page}")


def _of_course(reports: Sequence[PersonReport], settings: Course) -> list[str]:
    """Return who has not submitted, if there is a roster, and how many people reach the pass mark."""
    from statistics import fmean

    from graders.course.statistics_page import share

    totals = [report.total for report in reports if report.total.maximum]
    missing = [report for report in reports if not any(place.submitted for place in report.places.values())]
    lines = [f"{len(missing)} of {len(reports)} people have not submitted anything"] if missing else []
    if totals and settings.pass_percent is not None:
        passed = sum(bool(total.passed) for total in totals)
        mean = share(fmean(total.percent for total in totals) / 100)
        lines.append(f"{passed} of {len(totals)} people reach {settings.pass_percent:g} % of the total, mean {mean}")
    return lines


def _lines(kata: KataStatistics) -> Iterator[str]:
    from graders.course.statistics_page import left_out, share, signed

    solved = f"{kata.passed} of the {kata.people} people who submitted passed"
    yield f"{line(kata.title)} ({line(kata.slug)}): {solved}, mean {share(kata.mean)}"
    if kata.ungradable:
        yield f"  {kata.ungradable} could not be graded: they are left out of the means and the task statistics"
    if kata.overridden:
        yield f"  instructors overrode the points of {kata.overridden}"
    if kata.excluded:
        yield f"  {left_out(kata.excluded)}"
    for task in kata.tasks:
        passed = f"{share(task.pass_rate)} of the {task.people} people graded pass, mean {share(task.mean)}"
        coefficients = f"D {signed(task.discrimination)}, r {signed(task.rest_correlation)}"
        yield f"  {line(task.title)}\n      {passed}, {coefficients}"
        for sentence, count in task.misconceptions:
            yield f"      {count}×  {line(sentence, 1_000)}"
