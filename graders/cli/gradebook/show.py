"""`katas gradebook show`: show everyone's points, or all submissions of one person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from graders.cli.gradebook.options import DEFAULT_URL, Url, check_kata, line, open_gradebook
from graders.errors import KataError

if TYPE_CHECKING:
    from graders.course.gradebook import PersonKata
    from graders.course.rules import ScoredAttempt
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
        places = book.places(kata, person)
        if not places:
            raise KataError(
                f"{book.name}: no submissions match. Import some with `katas gradebook import`, or choose others."
            )
        print("\n".join(_in_detail(places) if person else _table(places)))


def _table(places: Sequence[PersonKata]) -> list[str]:
    """Return one line per person, with a column for each kata.

    If that is too wide, return one line per person and kata.
    """
    katas = sorted({place.kata for place in places})
    people = sorted({place.person for place in places})
    by_key = {(place.person, place.kata): place for place in places}
    width = max(len("person"), *(len(_shortened(person)) for person in people))
    wide = {kata: max(len(line(kata)), 6) for kata in katas}
    if width + sum(each + 2 for each in wide.values()) + 8 > WIDEST_TABLE:
        return [f"{_shortened(place.person):<{width}}  {line(place.kata):<14} {_points(place)}" for place in places]
    lines = [f"{'person':<{width}}" + "".join(f"  {line(kata):>6}" for kata in katas) + f"  {'total':>6}"]
    for person in people:
        own = [by_key.get((person, kata)) for kata in katas]
        cells = "".join(f"  {_cell(each):>{wide[kata]}}" for each, kata in zip(own, katas, strict=True))
        lines.append(f"{_shortened(person):<{width}}{cells}  {sum(each.points for each in own if each):>6g}")
    if any(place.outstanding for place in places):
        lines.append("* awaits review by a person: `katas review`")
    return lines


def _shortened(person: str) -> str:
    return line(person)[:LONGEST_PERSON]


def _cell(place: PersonKata | None) -> str:
    if place is None:
        return "–"
    return f"{place.points:g}" + ("*" if place.outstanding else "")


def _in_detail(places: Sequence[PersonKata]) -> list[str]:
    lines = []
    for place in places:
        lines.append(f"{line(place.kata)}: {_points(place).strip()}")
        for each in place.standings:
            verdict = each.attempt.verdict
            sign = "→" if each is place.counted else " "
            which = f"{line(each.attempt.submitted_at)}  {line(verdict.submission_sha256)[:12]}"
            lines.append(f"  {sign} {which}  {'; '.join(_notes(place, each))}")
    return lines


def _notes(place: PersonKata, attempt: ScoredAttempt) -> list[str]:
    from graders.manual_scores import marks_of
    from graders.report.wording import extras

    verdict = attempt.attempt.verdict
    notes = [f"{verdict.status}, {verdict.score:g} of {verdict.max_score:g}"]
    if counted := extras(verdict):
        notes.append(counted)
    if attempt.late:
        notes.append(f"{_days(attempt.late)} late: {attempt.points:g} left")
    if attempt.over_limit:
        notes.append(f"over the limit of {place.rule.attempts_per_day} attempts a day, so it does not count")
    return notes + [_score(score) for score in marks_of(verdict)]


def _points(place: PersonKata) -> str:
    if place.counted is None:
        return "no submission counts"
    verdict = place.counted.attempt.verdict
    late = f", {_days(place.counted.late)} late" if place.counted.late else ""
    before = ", passed by another submission" if place.passed and verdict.status == "failed" else ""
    return f"{place.points:>6g} of {verdict.max_score + verdict.review_points:g}  {verdict.status}{late}{before}"


def _days(count: int) -> str:
    return f"{count} day{'s' if count != 1 else ''}"


def _score(score: ManualScore) -> str:
    from graders.verdict import LONGEST_COMMENT

    comment = f" ({line(score.comment, LONGEST_COMMENT)})" if score.comment else ""
    return f"{line(score.task)} {score.points:g} by {line(score.reviewer)}{comment}"
