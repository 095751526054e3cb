"""Render the results.json of Gradescope, with one test per task, because points are given for tasks.

Hidden failures have already been redacted, so everything in the report is `visible`. The "Autograder Specifications" of
Gradescope describe the format.
"""

from __future__ import annotations

import json
from typing import Any

from graders.report import wording
from graders.verdict import TaskResult, Verdict


def render(verdicts: list[Verdict]) -> str:
    """Return one results.json for all verdicts."""
    several = len(verdicts) > 1
    rows = [(verdict, task) for verdict in verdicts for task in wording.counted(verdict)]
    result = {
        "score": sum(verdict.score for verdict in verdicts),
        "execution_time": round(sum(verdict.duration_s for verdict in verdicts), 3),
        "output": "\n\n".join(_summary(verdict) for verdict in verdicts),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "extra_data": {"katas": [_record(verdict) for verdict in verdicts]},
        "tests": [_test(number, verdict, task, several) for number, (verdict, task) in enumerate(rows, 1)],
        "leaderboard": [row for verdict in verdicts for row in _leaderboard(verdict)],
    }
    return json.dumps(result, indent=2, ensure_ascii=False) + "\n"


def _summary(verdict: Verdict) -> str:
    lines = [wording.outcome(verdict), verdict.message]
    lines += [wording.unofficial(verdict), *wording.outstanding(verdict)]
    lines += wording.intake_notes(verdict)
    names, left = wording.ignored_files(verdict, 10)
    if names:
        lines.append(f"Ignored, because only the kata's own files are graded: {', '.join(names)}{_more(left)}.")
    return "\n".join(line for line in lines if line)


def _more(left: int) -> str:
    return f" and {left} more" if left else ""


def _record(verdict: Verdict) -> dict[str, str]:
    names = ("kata", "status", "submission_sha256", "kata_digest", "suite_digest", "confinement", "harness_version")
    return {name: str(getattr(verdict, name)) for name in names}


def _test(number: int, verdict: Verdict, task: TaskResult, several: bool) -> dict[str, Any]:
    title = wording.task_title(verdict, task)
    return {
        "score": task.score,
        "max_score": task.max_score,
        "status": "passed" if task.status == "passed" else "failed",
        "name": f"{verdict.kata}: {title}" if several else title,
        "name_format": "text",
        "number": str(number),
        "output": wording.account(verdict, task),
        "output_format": "text",
        "tags": [verdict.kata, task.name, *(["extra"] if task.extra else [])],
        "visibility": "visible",
        "extra_data": {"status": task.status},
    }


def _leaderboard(verdict: Verdict) -> list[dict[str, Any]]:
    """Return a row for every measured speed, with the submission's time as a multiple of the reference's time."""
    return [
        {"name": f"{verdict.kata}, {test.task}: time / reference", "value": round(test.speed.ratio, 4), "order": "asc"}
        for test in verdict.tests
        if test.speed is not None
    ]
