"""Write the current results of a batch as CSV."""

from __future__ import annotations

import csv
import io

import msgspec

from graders.course import journal, verdict_files
from graders.course.batch import Batch
from graders.course.journal import Graded, Short
from graders.course.reviews import Reviews

HEAD = ("person", "kata", "status", "score", "max_score", "submitted_at", "submission_sha256", "message")


def results(batch: Batch) -> str:
    """Return everyone's current results, with manual scores, as CSV."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(HEAD)
    reviews = Reviews(batch.journal)
    for (person, kata), row in sorted(journal.shorts(batch.journal).items()):
        result = _with_scores(batch, row) if reviews.concern(row) else row.verdict
        cells = [
            person,
            kata,
            result.status,
            result.score,
            result.max_score,
            row.submitted_at,
            result.submission_sha256,
        ]
        lines.writerow([harmless(cell) for cell in [*cells, result.message.partition("\n")[0]]])
    return text.getvalue()


def _with_scores(batch: Batch, row: Short) -> Graded:
    """Return a result with the scores from its verdict file, because the journal may lack recent manual scores."""
    found, result = verdict_files.read(batch.verdict_file(*row.key)), row.verdict
    if found is None or (found.submission_sha256, found.graded_at) != (result.submission_sha256, result.graded_at):
        return result
    changes = {"status": found.status, "score": found.score, "max_score": found.max_score}
    return msgspec.structs.replace(result, **changes)


def harmless(cell: object) -> object:
    """Escape a cell that a spreadsheet would treat as a formula, because names and messages are untrusted."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
