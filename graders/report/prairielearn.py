"""Render the results.json of a PrairieLearn external grader, with one test per task and the score as a fraction."""

from __future__ import annotations

import json

from graders.report import wording
from graders.verdict import Verdict


def render(verdicts: list[Verdict]) -> str:
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
                "name": wording.task_title(verdict, task, len(verdicts) > 1),
                "description": f"{verdict.kata}, {task.name}",
                "points": task.score,
                "max_points": task.max_score,
                "message": wording.account(verdict, task),
                "output": "\n".join(
                    test.output for test in wording.not_passed(verdict) if test.task == task.name and test.output
                ),
                "images": [],
            }
            for verdict in verdicts
            for task in wording.counted(verdict)
        ],
    }
    return json.dumps(result, indent=2, ensure_ascii=False) + "\n"
