"""Render the result.json of Classroom 50, with one test per task and whole points.

A verdict does not say which classroom, commit or release a submission came from. Therefore, `render` fills these fields
with placeholders, such as the digest of the submission, and `stamped` replaces them with the values that the runner of
Classroom 50 sets in its environment.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from graders.report import wording
from graders.verdict import TaskResult, Verdict

SCHEMA = "classroom50/result/v1"
FIELDS = {
    "classroom": "CLASSROOM",
    "assignment": "ASSIGNMENT",
    "submission": "SUBMISSION_TAG",
    "commit": "COMMIT_URL",
    "release": "RELEASE_URL",
    "review": "REVIEW_URL",
}


def render(verdicts: list[Verdict]) -> str:
    """Return one result.json for all verdicts.

    The points possible for a task are rounded to a whole number, which a passed task receives in full. Other points are
    rounded down.
    """
    several = len(verdicts) > 1
    tests = [_test(verdict, task, several) for verdict in verdicts for task in wording.counted(verdict)]
    digest = f"submit/{verdicts[0].submission_sha256[:12] or 'unknown'}" if verdicts else "submit/unknown"
    result: dict[str, Any] = {
        "schema": SCHEMA,
        "classroom": "katas",
        "assignment": ",".join(verdict.kata for verdict in verdicts) or "none",
        "submission": digest,
        "commit": digest,
        "release": digest,
        "review": digest,
        "datetime": _datetime(verdicts),
        "score": sum(test["score"] for test in tests),
        "max-score": sum(test["max-score"] for test in tests),
        "tests": tests,
    }
    return _text(result)


def stamped(text: str, environment: Mapping[str, str]) -> str:
    """Return the result with the values from the runner's environment.

    If the environment has no review URL, the commit URL takes its place.
    """
    result = json.loads(text)
    values = {field: environment.get(name, "") for field, name in FIELDS.items()}
    values["review"] = values["review"] or values["commit"]
    return _text(result | {field: value for field, value in values.items() if value})


def _datetime(verdicts: list[Verdict]) -> str:
    """Return the latest time of grading, as YYYY-MM-DDTHH:MM:SSZ."""
    latest = max((verdict.graded_at for verdict in verdicts), default="")
    return f"{latest[:19]}Z" if len(latest) >= 19 else "1970-01-01T00:00:00Z"


def _test(verdict: Verdict, task: TaskResult, several: bool) -> dict[str, Any]:
    title = wording.task_title(verdict, task)
    most = int(task.max_score + 0.5)
    earned = task.score / task.max_score if task.max_score else 0
    return {
        "test-name": f"{verdict.kata}: {title}" if several else title,
        "passed": task.status == "passed",
        "score": int(most * earned + 1e-9),
        "max-score": most,
    }


def _text(result: Mapping[str, Any]) -> str:
    return json.dumps(result, indent=2, ensure_ascii=False) + "\n"
