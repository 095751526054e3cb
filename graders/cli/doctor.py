"""`katas doctor`: what of this machine and checkout the katas need, with the remedy for what is missing."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from graders.cli.paragraphs import wrapped
from graders.cli.progress import wheel
from graders.doctor import Finding, Report, examine
from graders.report.terminal import ASCII_MARKS
from graders.report.text import clean

MARKS = {"ok": "✓", "limited": "~", "fault": "✗"}
_WIDTH = 80
_SUBJECT = 20


def report(root: Path | None) -> Report:
    """Look, and say on a terminal's standard error what takes its time."""
    with wheel("looking …") as show:
        return examine(root, lambda subject: show(f"looking at: {subject} …"))


def as_json(found: Report) -> str:
    """The report as one object, schema katas/doctor/v1."""
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode()


def as_text(found: Report) -> str:
    """A line or more for each finding, its remedy below it, and what it all comes to."""
    lines = [line for finding in found.findings for line in _lines(finding)]
    text = "\n".join([*lines, "", _summary(found)])
    encoding = sys.stdout.encoding or "ascii"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(ASCII_MARKS).encode(encoding, "replace").decode(encoding)
    return text


def _lines(finding: Finding) -> list[str]:
    head = f"{MARKS[finding.state]} {finding.subject:{_SUBJECT}}"
    margin = " " * (_SUBJECT + 2)
    lines = wrapped(clean(finding.found), _WIDTH, margin, head)
    return lines + (wrapped(clean(finding.remedy), _WIDTH, margin, f"{' ' * _SUBJECT}→ ") if finding.remedy else [])


def _summary(found: Report) -> str:
    counts = {state: sum(finding.state == state for finding in found.findings) for state in MARKS}
    if counts["fault"]:
        return f"{counts['fault']} of {len(found.findings)} need mending: the arrows say how."
    if counts["limited"]:
        return f"The katas work; {counts['limited']} of {len(found.findings)} could be better."
    return "Everything is as it should be."
