"""Reports: pure functions of verdicts and of an audience, one small module a format.

A format is a module of this package with a function `render(verdicts: list[Verdict]) -> str`; it is given verdicts that
are redacted for their audience and clean of control characters, and escapes what is special in its own format.
To add a format, add its module and its name to `FORMATS`.
"""

from __future__ import annotations

from importlib import import_module

from graders.errors import KataError
from graders.report.shown import shown
from graders.verdict import Audience, Verdict

FORMATS = (
    "terminal", "json", "markdown", "html", "junit", "csv", "gradescope", "exercism", "classroom50", "prairielearn"
)  # fmt: skip


def render(verdicts: list[Verdict], format: str, audience: Audience = "learner") -> str:
    """The report of these verdicts as text. Raises KataError for an unknown format."""
    if format not in FORMATS:
        raise KataError(f"unknown report format {format!r}; known are {', '.join(FORMATS)}")
    module = import_module(f"graders.report.{format}")  # when it is asked for: rich and XML cost time to import
    text: str = module.render([shown(verdict, audience) for verdict in verdicts])
    return text
