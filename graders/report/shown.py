"""Prepare a verdict for a report by redacting it for the audience and cleaning every text in it."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from graders.report.text import LIMIT, clean, clean_line
from graders.verdict import LONGEST_COMMENT, Audience, TaskResult, TestResult, Verdict

OUTPUT_LIMIT = 65_536  # in characters; the judge has already cut the output to the kata's `output_kb`

# The limits, in characters, of the fields that may have several lines, and of lines with a limit of their own.
_BLOCKS = {"comment": LONGEST_COMMENT, "output": OUTPUT_LIMIT}
_BLOCKS |= dict.fromkeys(("message", "counterexample", "expected", "actual"), LIMIT)
_LINES = {"remark": LONGEST_COMMENT, "diagnosis": 1_000, "intake_notes": 400}


def shown(verdict: Verdict, audience: Audience, *, for_programs: bool = False) -> Verdict:
    """Return the verdict as this audience may see it, safe in every format. For people, blocking tasks have titles."""
    verdict = verdict.for_audience(audience)
    titles = {} if for_programs else {task.name: f'"{task.title}"' for task in verdict.tasks if task.title}
    tasks = (
        replace(task, blocked_by=tuple(titles.get(name, name) for name in task.blocked_by)) for task in verdict.tasks
    )
    safe: Verdict = _safe("", replace(verdict, tasks=tuple(tasks)))
    return replace(safe, remark=verdict.remark)  # only an instructor's JSON has it


def _safe(name: str, value: Any) -> Any:
    """Return a value of the field `name` with every text in it cleaned."""
    if isinstance(value, str):
        if len(value) < 200 and value.isascii() and value.isidentifier():
            return value
        return clean(value, _BLOCKS[name]) if name in _BLOCKS else clean_line(value, _LINES.get(name, 200))
    if isinstance(value, tuple):
        return tuple(_safe(name, each) for each in value)
    if isinstance(value, dict):
        return {_safe(name, key): _safe(name, each) for key, each in value.items()}
    if isinstance(value, Verdict | TaskResult | TestResult):
        return replace(value, **{field: _safe(field, getattr(value, field)) for field in value.__struct_fields__})
    return value
