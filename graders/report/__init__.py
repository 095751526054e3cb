"""Render reports on verdicts for an audience, with one module per format.

The module of a format has a function `render(verdicts: list[Verdict]) -> str`. It receives verdicts that are redacted
for the audience and free of control characters, and it escapes the characters that are special in its format. To add a
format, add a module, and add the name of the module to `Format`.
"""

from __future__ import annotations

from enum import StrEnum
from importlib import import_module

from graders.errors import KataError
from graders.report.shown import shown
from graders.verdict import Audience, Verdict


class Format(StrEnum):
    """A report format, which has the same name as the module that renders it."""

    terminal = "terminal"
    json = "json"
    markdown = "markdown"
    html = "html"
    junit = "junit"
    csv = "csv"
    gradescope = "gradescope"
    classroom50 = "classroom50"
    prairielearn = "prairielearn"


FORMATS = tuple(each.value for each in Format)


def render(verdicts: list[Verdict], format: str, audience: Audience = "learner") -> str:
    """Return the report on these verdicts as text. Raises KataError for an unknown format."""
    if format not in FORMATS:
        raise KataError(f"unknown report format {format!r}. Known formats: {', '.join(FORMATS)}")
    module = import_module(f"graders.report.{format}")  # imported on demand, because importing rich and XML takes time
    text: str = module.render([shown(verdict, audience, for_programs=format == "json") for verdict in verdicts])
    return text
