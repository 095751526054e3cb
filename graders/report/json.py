"""JSON for machines: one verdict, or a list of several. The schema is graders/verdict.schema.json."""

from __future__ import annotations

from graders.verdict import Verdict, to_json


def render(verdicts: list[Verdict]) -> str:
    """Return an object for a single verdict, and a list for none or several. The text ends with a newline."""
    return to_json(verdicts[0] if len(verdicts) == 1 else verdicts).decode() + "\n"
