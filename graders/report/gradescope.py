"""Render the results.json of Gradescope, with one test per task, because points are given for tasks.

Hidden failures have already been redacted, so everything in the report is `visible`. The "Autograder Specifications" of
Gradescope describe the format.
"""

from __future__ import annotations

import json

from graders.report import wording
from graders.verdict import Verdict

RECORDED = ("kata", "status", "submission_sha256", "kata_digest", "suite_digest", "confinement", "harness_version")


def render(verdicts: list[Verdict]) -> str:
    """Return one results.json for all verdicts."""
    rows = [(verdict, task) for verdict in verdicts for task in wording.counted(verdict)]
    speeds = [(verdict, test, test.speed) for verdict in verdicts for test in verdict.tests if test.speed]
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
                "name": wording.task_title(verdict, task, len(verdicts) > 1),
                "name_format": "text",
                "number": str(number),
                "output": wording.account(verdict, task),
                "output_format": "text",
                "tags": [verdict.kata, task.name, *["extra"] * task.extra],
                "visibility": "visible",
                "extra_data": {"status": task.status},
            }
            for number, (verdict, task) in enumerate(rows, 1)
        ],
        "leaderboard": [
            {"name": f"{verdict.kata}, {test.task}: time / reference", "value": round(speed.ratio, 4), "order": "asc"}
            for verdict, test, speed in speeds
        ],
    }
    return json.dumps(result, indent=2, ensure_ascii=False) + "\n"


def _summary(verdict: Verdict) -> str:
    lines = [wording.outcome(verdict), verdict.message, wording.unofficial(verdict), *wording.outstanding(verdict)]
    lines += [*wording.intake_notes(verdict), wording.ignored(verdict, 10)]
    return "\n".join(filter(None, lines))
