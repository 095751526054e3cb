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


# ---------------------------------------------------------------------------------------- PrairieLearn


def render_prairielearn(verdicts: list[Verdict]) -> str:
    """Return one results.json, which is `gradable` (uses up an attempt) only if all submissions were graded."""
    most = sum(verdict.max_score for verdict in verdicts)
    broken = [verdict for verdict in verdicts if verdict.status in ("ungradable", "ungraded", "error")]
    lines = [
        line
        for verdict in verdicts
        for line in (wording.outcome(verdict), wording.unofficial(verdict), *wording.outstanding(verdict))
    ]
    result = {
        "gradable": bool(verdicts) and not broken,
        "score": sum(verdict.score for verdict in verdicts) / most if most else 0.0,
        "message": "\n".join(filter(None, lines)),
        "output": "",
        "images": [],
        "format_errors": [each.message or wording.STATUSES[each.status] for each in broken],
        "tests": [
            {
                "name": title,
                "description": f"{verdict.kata}, {task.name}",
                "points": task.score,
                "max_points": task.max_score,
                "message": wording.account(verdict, task),
                "output": "\n".join(
                    test.output for test in wording.not_passed(verdict) if test.task == task.name and test.output
                ),
                "images": [],
            }
            for verdict, task, title in _counted(verdicts)
        ],
    }
    return _text(result)


# ---------------------------------------------------------------------------------------- Classroom 50

CLASSROOM50_SCHEMA = "classroom50/result/v1"
CLASSROOM50_FIELDS = {
    "classroom": "CLASSROOM",
    "assignment": "ASSIGNMENT",
    "submission": "SUBMISSION_TAG",
    "commit": "COMMIT_URL",
    "release": "RELEASE_URL",
    "review": "REVIEW_URL",
}


def render_classroom50(verdicts: list[Verdict]) -> str:
    """Return one result.json for all verdicts.

    The points possible for a task are rounded to a whole number, which a passed task receives in full. Other points are
    rounded down. A verdict does not say which classroom, commit or release a submission came from, so these fields get
    placeholders, such as the digest of the submission. `stamped` replaces them.
    """
    tests = [_test(task, title) for _, task, title in _counted(verdicts)]
    digest = f"submit/{(verdicts[0].submission_sha256[:12] if verdicts else '') or 'unknown'}"
    latest = max((verdict.graded_at for verdict in verdicts), default="")
    result: dict[str, Any] = {
        "schema": CLASSROOM50_SCHEMA,
        "classroom": "katas",
        "assignment": ",".join(verdict.kata for verdict in verdicts) or "none",
        **dict.fromkeys(("submission", "commit", "release", "review"), digest),
        "datetime": f"{latest[:19]}Z" if len(latest) >= 19 else "1970-01-01T00:00:00Z",
        "score": sum(test["score"] for test in tests),
        "max-score": sum(test["max-score"] for test in tests),
        "tests": tests,
    }
    return _text(result)


def stamped(text: str, environment: Mapping[str, str]) -> str:
    """Return the result with the values that Classroom 50's runner sets. A commit may stand in for a review."""
    values = {field: environment.get(name, "") for field, name in CLASSROOM50_FIELDS.items()}
    values["review"] = values["review"] or values["commit"]
    return _text(json.loads(text) | {field: value for field, value in values.items() if value})


def _test(task: TaskResult, title: str) -> dict[str, Any]:
    most = int(task.max_score + 0.5)
    earned = task.score / task.max_score if task.max_score else 0
    return {
        "test-name": title,
        "passed": task.status == "passed",
        "score": int(most * earned + 1e-9),
        "max-score": most,
    }


def _counted(verdicts: Sequence[Verdict]) -> list[tuple[Verdict, TaskResult, str]]:
    """Return each task whose points count, with its verdict and its title."""
    several = len(verdicts) > 1
    return [
        (each, task, wording.task_title(each, task, several)) for each in verdicts for task in wording.counted(each)
    ]


def _text(result: Mapping[str, Any]) -> str:
    return json.dumps(result, indent=2, ensure_ascii=False) + "\n"
