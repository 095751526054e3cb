"""Render verdicts for other programs: as JSON, as CSV for a gradebook, and for grading platforms.

A platform's report has one test per task, because points are given for tasks.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from graders.report import wording
from graders.verdict import TaskResult, Verdict, to_json

# ------------------------------------------------------------------------------------------------ JSON


def render_json(verdicts: list[Verdict]) -> str:
    """Return an object for a single verdict, and otherwise a list. graders/verdict.schema.json describes a verdict."""
    return to_json(verdicts[0] if len(verdicts) == 1 else verdicts).decode() + "\n"


# ------------------------------------------------------------------------------------------------- CSV

CSV_FIELDS = ("kata", "submission_sha256", "graded_at", "status", "score", "max_score", "extras_passed", "extras")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # a spreadsheet evaluates cells that begin like this


def render_csv(verdicts: list[Verdict]) -> str:
    """Return one row per verdict. Column KATA.TASK is empty where the task does not count in the verdict."""
    tasks = list(dict.fromkeys(f"{verdict.kata}.{task.name}" for verdict in verdicts for task in verdict.tasks))
    rows: list[list[object]] = [[*CSV_FIELDS, *tasks]]
    for verdict in verdicts:
        points = {f"{verdict.kata}.{task.name}": wording.points(task.score) for task in wording.counted(verdict)}
        extras = wording.graded_extras(verdict)
        row = [verdict.kata, verdict.submission_sha256, verdict.graded_at, verdict.status]
        row += [wording.points(verdict.score), wording.points(verdict.max_score)]
        passed = sum(task.status == "passed" for task in extras)
        rows.append([*row, passed, len(extras), *(points.get(task, "") for task in tasks)])
    return csv_of(rows)


def csv_of(rows: Iterable[Iterable[object]]) -> str:
    """Return rows as CSV, without a cell that a spreadsheet would treat as a formula."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([harmless(cell) for cell in row] for row in rows)
    return text.getvalue()


def harmless(cell: object) -> object:
    """Escape a cell that a spreadsheet would treat as a formula, because names and messages are untrusted."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


# ------------------------------------------------------------------------------------------ Gradescope

RECORDED = ("kata", "status", "submission_sha256", "kata_digest", "suite_digest", "confinement", "harness_version")


def render_gradescope(verdicts: list[Verdict]) -> str:
    """Return one results.json, which the "Autograder Specifications" of Gradescope describe.

    Hidden failures have already been redacted, so everything in it is `visible`.
    """
    result = {
        "score": sum(verdict.score for verdict in verdicts),
        "execution_time": round(sum(verdict.duration_s for verdict in verdicts), 3),
        "output": "\n\n".join(map(_summary, verdicts)),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {"katas": [{name: str(getattr(each, name)) for name in RECORDED} for each in verdicts]},
        "tests": [
            {
                "score": task.score,
                "max_score": task.max_score,
                "status": "passed" if task.status == "passed" else "failed",
                "name": title,
                "name_format": "text",
                "number": str(number),
                "output": wording.account(verdict, task),
                "output_format": "text",
                "tags": [verdict.kata, task.name, *["extra"] * task.extra],
                "visibility": "visible",
                "extra_data": {"status": task.status},
            }
            for number, (verdict, task, title) in enumerate(_counted(verdicts), 1)
        ],
    }
    return _text(result)


def _summary(verdict: Verdict) -> str:
    lines = [wording.outcome(verdict), verdict.message, wording.unofficial(verdict), *wording.outstanding(verdict)]
    return "\n".join(filter(None, [*lines, *wording.of_files(verdict)]))


def _counted(verdicts: Sequence[Verdict]) -> list[tuple[Verdict, TaskResult, str]]:
    """Return each task whose points count, with its verdict and its title."""
    several = len(verdicts) > 1
    return [
        (each, task, wording.task_title(each, task, several)) for each in verdicts for task in wording.counted(each)
    ]


def _text(result: Mapping[str, Any]) -> str:
    return json.dumps(result, indent=2, ensure_ascii=False) + "\n"
