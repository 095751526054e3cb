"""Write the current results of a batch as CSV."""

from __future__ import annotations

import csv
import io

from graders.course.batch_store import BatchStore

HEAD = ("person", "kata", "status", "score", "max_score", "submitted_at", "submission_sha256", "message", "note")


def results(held: BatchStore) -> str:
    """Return everyone's current results in a batch, with manual scores, as CSV."""
    text = io.StringIO()
    lines = csv.writer(text, lineterminator="\n")
    lines.writerow(HEAD)
    for (person, kata), row in sorted(held.shorts().items()):
        result = row.verdict
        cells = [
            person,
            kata,
            result.status,
            result.score,
            result.max_score,
            row.submitted_at,
            result.submission_sha256,
        ]
        cells += [result.message.partition("\n")[0], "; ".join(result.intake_notes)]
        lines.writerow([harmless(cell) for cell in cells])
    return text.getvalue()


def harmless(cell: object) -> object:
    """Escape a cell that a spreadsheet would treat as a formula, because names and messages are untrusted."""
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell
