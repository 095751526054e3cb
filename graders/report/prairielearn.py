"""Render the results.json of a PrairieLearn external grader, with one test per task and the score as a fraction."""

from __future__ import annotations

import json
from typing import Any

from graders.report import wording
from graders.verdict import TaskResult, Verdict


def render(verdicts: list[Verdict]) -> str:
    """Return one results.json for all verdicts.

    Unless all submissions were graded, the result is not `gradable`, so it does not use up an attempt.
    """
    several = len(verdicts) > 1
    most = sum(verdict.max_score for verdict in verdicts)
    broken = [verdict for verdict in verdicts if verdict.status in ("ungradable", "ungraded", "error")]
    result: dict[str, Any] = {
        "gradable": bool(verdicts) and not broken,
        "score": sum(verdict.score for verdict in verdicts) / most if most else 0.0,
        "message": "\n".join(_summary(verdict) for verdict in verdicts),
        "output": "",
        "images": [],
        "format_errors": [each.message or wording.STATUSES[each.status] for each in broken],
        "tests": [_test(verdict, task, several) for verdict in verdicts for task in wording.counted(verdict)],
    }
    return json.dumps(result, indent=2, ensure_ascii=False) + "\n"


def _summary(verdict: Verdict) -> str:
    lines = [wording.outcome(verdict), wording.unofficial(verdict), *wording.outstanding(verdict)]
    return "\n".join(line for line in lines if line)


def _test(verdict: Verdict, task: TaskResult, several: bool) -> dict[str, Any]:
    title = wording.task_title(verdict, task)
    return {
        "name": f"{verdict.kata}: {title}" if several else title,
        "description": f"{verdict.kata}, {task.name}",
        "points": task.score,
        "max_points": task.max_score,
        "message": wording.account(verdict, task),
        "output": "\n".join(
            test.output for test in wording.not_passed(verdict) if test.task == task.name and test.output
        ),
        "images": [],
    }
