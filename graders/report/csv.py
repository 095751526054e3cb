"""Render verdicts as CSV for a gradebook, with one row per verdict and one column per task."""

from __future__ import annotations

import csv
import io

from graders.report import wording
from graders.verdict import Verdict

FIELDS = ("kata", "submission_sha256", "graded_at", "status", "score", "max_score", "extras_passed", "extras")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet evaluates cells that begin like this


def render(verdicts: list[Verdict]) -> str:
    """Return a table with a header. Column KATA.TASK is empty where the task does not count in the verdict."""
    tasks = list(dict.fromkeys(f"{verdict.kata}.{task.name}" for verdict in verdicts for task in verdict.tasks))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([_cell(name) for name in (*FIELDS, *tasks)])
    for verdict in verdicts:
        points = {f"{verdict.kata}.{task.name}": wording.points(task.score) for task in wording.counted(verdict)}
        extras = wording.graded_extras(verdict)
        row = [verdict.kata, verdict.submission_sha256, verdict.graded_at, verdict.status]
        row += [wording.points(verdict.score), wording.points(verdict.max_score)]
        row += [str(sum(task.status == "passed" for task in extras)), str(len(extras))]
        writer.writerow([_cell(value) for value in (*row, *(points.get(task, "") for task in tasks))])
    return text.getvalue()


def _cell(value: str) -> str:
    return f"'{value}" if value.startswith(_FORMULA) else value
