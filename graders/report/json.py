"""Render verdicts as JSON. The schema of a verdict is in graders/verdict.schema.json."""

from __future__ import annotations

from graders.verdict import Verdict, to_json


def render(verdicts: list[Verdict]) -> str:
    """Return an object for a single verdict, and otherwise a list. The text ends with a newline."""
    return to_json(verdicts[0] if len(verdicts) == 1 else verdicts).decode() + "\n"
