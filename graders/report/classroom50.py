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
    tests = [_test(verdict, task, len(verdicts) > 1) for verdict in verdicts for task in wording.counted(verdict)]
    digest = f"submit/{(verdicts[0].submission_sha256[:12] if verdicts else '') or 'unknown'}"
    latest = max((verdict.graded_at for verdict in verdicts), default="")
    result: dict[str, Any] = {
        "schema": SCHEMA,
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
    """Return the result with the values of the runner's environment, in which a commit may stand in for a review."""
    values = {field: environment.get(name, "") for field, name in FIELDS.items()}
    values["review"] = values["review"] or values["commit"]
    return _text(json.loads(text) | {field: value for field, value in values.items() if value})


def _test(verdict: Verdict, task: TaskResult, several: bool) -> dict[str, Any]:
    most = int(task.max_score + 0.5)
    earned = task.score / task.max_score if task.max_score else 0
    return {
        "test-name": wording.task_title(verdict, task, several),
        "passed": task.status == "passed",
        "score": int(most * earned + 1e-9),
        "max-score": most,
    }


def _text(result: Mapping[str, Any]) -> str:
    return json.dumps(result, indent=2, ensure_ascii=False) + "\n"
