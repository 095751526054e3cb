"""Add the final mark to a report for a student."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

from graders.report.text import clean_line

Lines = Sequence[tuple[str, str]]
FORMS = ("html", "markdown", "terminal")  # the formats that show the final mark; the others are for programs
LONGEST = 3_000  # characters, enough for a reviewer's comment


def with_mark(report: str, form: str, lines: Lines) -> str:
    """Return the report with these labelled lines. Formats for programs have no place for them and stay unchanged."""
    known: dict[str, Callable[[str, Lines], str]] = {"html": _html, "markdown": _markdown, "terminal": _terminal}
    cleaned = [(label, clean_line(text, LONGEST)) for label, text in lines]
    return known[form](report, cleaned) if form in known else report


def _html(report: str, lines: Lines) -> str:
    rows = "\n".join(f'<tr><th scope="row">{escape(label)}</th><td>{escape(text)}</td></tr>' for label, text in lines)
    before, end, after = report.partition("</h1>")
    return f"{before}{end}\n<table>\n<caption>Your mark</caption>\n<tbody>\n{rows}\n</tbody>\n</table>{after}"


def _markdown(report: str, lines: Lines) -> str:
    rows = "\n".join(f"| {_cell(label)} | {_cell(text)} |" for label, text in lines)
    return f"{report.rstrip()}\n\n| Your mark | |\n|---|---|\n{rows}\n"


def _cell(text: str) -> str:
    return escape(text, quote=False).replace("\\", "\\\\").replace("|", "\\|").replace("`", "\\`").replace("*", "\\*")


def _terminal(report: str, lines: Lines) -> str:
    rows = "\n".join(f"  {label + ':':<11} {text}" for label, text in lines)
    return f"{report.rstrip()}\n\n{rows}\n"
