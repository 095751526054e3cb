"""Render reports on verdicts for an audience.

A format has a module of its own with a function `render`, or a function `render_FORMAT` in `exports`. Both take a list
of verdicts that are redacted for the audience and free of control characters, escape the characters that are special in
the format, and return a text. To add a format, add such a function, and the name of the format
to `Format` and, for a module, to `WITH_MODULE`.
"""

from __future__ import annotations

from enum import StrEnum
from pkgutil import resolve_name

from graders.errors import KataError
from graders.report.text import shown
from graders.verdict import Audience, Verdict


class Format(StrEnum):
    """A report format."""

    terminal = "terminal"
    json = "json"
    markdown = "markdown"
    html = "html"
    junit = "junit"
    csv = "csv"
    gradescope = "gradescope"


FORMATS = tuple(each.value for each in Format)
WITH_MODULE = ("terminal", "markdown", "html", "junit")


def render(verdicts: list[Verdict], format: str, audience: Audience = "learner") -> str:
    """Return the report on these verdicts as text. Raises KataError for an unknown format."""
    if format not in FORMATS:
        raise KataError(f"unknown report format {format!r}. Known formats: {', '.join(FORMATS)}")
    place = f"{format}:render" if format in WITH_MODULE else f"exports:render_{format}"
    rendered = resolve_name(f"graders.report.{place}")  # imported on demand, because importing rich and XML takes time
    text: str = rendered([shown(verdict, audience, for_programs=format == "json") for verdict in verdicts])
    return text
