"""Classroom 50's result.json, schema `classroom50/result/v1`: a test a task, in whole points.

Where a submission came from (its classroom, commit, release) a verdict does not know: the submission's digest stands
in their place, and `stamped` puts in what the runner of Classroom 50 says in its environment.
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
    """One result.json for all of them. Half points are rounded: what is passed is worth all of its task."""
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
    """The same result with what the runner says of the submission; a review is the commit where it says nothing."""
    result = json.loads(text)
    said = {field: environment.get(name, "") for field, name in FIELDS.items()}
    said["review"] = said["review"] or said["commit"]
    return _text(result | {field: value for field, value in said.items() if value})


def _datetime(verdicts: list[Verdict]) -> str:
    """When the last was graded, as YYYY-MM-DDTHH:MM:SSZ."""
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
