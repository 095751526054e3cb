"""Put the final mark at the top of a report, in every format. Pure functions."""

from __future__ import annotations

import csv
import io
import json
import textwrap
from collections.abc import Callable
from html import escape
from typing import Any, NamedTuple
from xml.etree import ElementTree
from xml.etree.ElementTree import SubElement

from graders.report import Format, html, render
from graders.report.exports import csv_of
from graders.report.terminal import WIDTH
from graders.report.text import clean_line, shown
from graders.verdict import Verdict

LONGEST_LINE = 3_000  # characters, enough for a reviewer's comment
LABEL = 12  # columns for a label in a terminal


class MarkNote(NamedTuple):
    """A final mark: the points out of the `maximum`, and the steps that led to them.

    `facts` holds pairs of a label and a text for people, and `data` the same for programs.
    """

    points: float
    maximum: float
    how: str
    facts: tuple[tuple[str, str], ...] = ()
    data: dict[str, Any] = {}  # noqa: RUF012 (it is only read)

    @property
    def final(self) -> str:
        return f"{self.points:g} of {self.maximum:g} points"

    @property
    def lines(self) -> list[tuple[str, str]]:
        """The facts that a table shows, cleaned, with the steps first."""
        return [(label, clean_line(text, LONGEST_LINE)) for label, text in (("How", self.how), *self.facts)]


def with_mark(verdict: Verdict, form: str, mark: MarkNote | None) -> str:
    """Return a learner's report on the verdict, with the final mark at its top if there is one."""
    if mark is None:
        return render([verdict], form)
    if form == Format.html:
        return html.render([shown(verdict, "learner")], under_heading=_html(mark))
    return _MARKED[form](render([verdict], form), mark)


def markdown_heading(mark: MarkNote) -> str:
    """Return the first line of a report in Markdown with this mark."""
    return f"## Final mark: {mark.final}"


def _html(mark: MarkNote) -> str:
    rows = "\n".join(f'<tr><th scope="row">{escape(key)}</th><td>{escape(text)}</td></tr>' for key, text in mark.lines)
    final = f'<tr><th scope="row">Final mark</th><td><strong>{escape(mark.final)}</strong></td></tr>'
    table = f"<table>\n<caption>Your mark</caption>\n<tbody>\n{final}\n{rows}\n</tbody>\n</table>"
    return f"\n{table}\n<h2>The submission on this page</h2>"


def _markdown(report: str, mark: MarkNote) -> str:
    rows = "\n".join(f"| {_cell(label)} | {_cell(text)} |" for label, text in mark.lines)
    return f"{markdown_heading(mark)}\n\n| Your mark | |\n|---|---|\n{rows}\n\n{report.lstrip()}"


def _cell(text: str) -> str:
    return escape(text, quote=False).replace("\\", "\\\\").replace("|", "\\|").replace("`", "\\`").replace("*", "\\*")


def _terminal(report: str, mark: MarkNote) -> str:
    rows = [
        textwrap.fill(text, WIDTH, initial_indent=f"  {label + ':':<{LABEL}}", subsequent_indent=" " * (LABEL + 2))
        for label, text in mark.lines
    ]
    return "\n".join([f"Final mark: {mark.final}", *rows, "", report.lstrip("\n")])


def _json(report: str, mark: MarkNote) -> str:
    return json.dumps({"final_mark": mark.data, **json.loads(report)}, indent=2, ensure_ascii=False) + "\n"


def _gradescope(report: str, mark: MarkNote) -> str:
    result = json.loads(report)
    said = "\n".join([f"Final mark: {mark.final}", *(f"{label}: {text}" for label, text in mark.lines)])
    result |= {"score": mark.points, "output": f"{said}\n\n{result['output']}"}
    return json.dumps(result, indent=2, ensure_ascii=False) + "\n"


def _csv(report: str, mark: MarkNote) -> str:
    head, row = csv.reader(io.StringIO(report))
    short = _in_short(mark)
    return csv_of([[*short, *head], [*short.values(), *row]])


def _junit(report: str, mark: MarkNote) -> str:
    suites = ElementTree.fromstring(report)
    properties = suites.find("testsuite/properties")
    assert properties is not None  # every report has them
    for name, value in _in_short(mark).items():
        SubElement(properties, "property", name=name, value=str(value))
    ElementTree.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(suites, encoding="unicode") + "\n"


def _in_short(mark: MarkNote) -> dict[str, object]:
    steps = clean_line(mark.how, LONGEST_LINE)
    late = mark.data["days_late"]
    return {"final_points": mark.points, "final_maximum": mark.maximum, "days_late": late, "steps": steps}


_MARKED: dict[str, Callable[[str, MarkNote], str]] = {
    Format.markdown: _markdown,
    Format.terminal: _terminal,
    Format.json: _json,
    Format.gradescope: _gradescope,
    Format.csv: _csv,
    Format.junit: _junit,
}
