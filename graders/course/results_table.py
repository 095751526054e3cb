"""Write the current results of a batch as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from graders.course.batch_store import BatchStore
from graders.course.gradebook import PersonKata
from graders.course.rows import Key, Short
from graders.report.wording import stopped

OF_VERDICT = ("person", "kata", "status", "score", "max_score", "submitted_at", "submission_sha256", "message", "note")
OF_MARK = ("days_late", "counts", "final_points", "steps")  # as in `katas gradebook export csv`
Places = Mapping[Key, PersonKata]


def results(held: BatchStore, places: Places | None = None) -> str:
    """Return everyone's current results in a batch as CSV: verdicts with manual scores, and final marks.

    `places` is what `held.book.by_name()` returns, if that is known already.
    """
    places = held.book.by_name() if places is None else places
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow((*OF_VERDICT, *OF_MARK))
    for key, row in sorted(held.shorts().items()):
        lines.writerow([harmless(cell) for cell in (*_of_verdict(row), *_of_mark(row, places.get(key)))])
    return text.getvalue()


def _of_verdict(row: Short) -> tuple[object, ...]:
    result = row.verdict
    worth = (row.person, result.kata, result.status, result.score, result.max_score)
    notes = [*result.intake_notes, *([stopped(result.stopped_tests)] if result.stopped_tests else [])]
    messages = result.message.partition("\n")[0], "; ".join(notes)
    return *worth, row.submitted_at, result.submission_sha256, *messages


def _of_mark(row: Short, place: PersonKata | None) -> tuple[object, ...]:
    """Return the cells about the final mark. They are empty until a submission has a verdict that counts."""
    if place is None:
        return ("",) * len(OF_MARK)
    this = place.standing(row.submitted_at, row.verdict.submission_sha256)
    of_this = ("", "") if this is None else (this.late, int(this is place.counted))
    return *of_this, place.points, place.mark.text


def harmless(cell: object) -> object:
    """Escape a cell that a spreadsheet would treat as a formula, because names and messages are untrusted."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
