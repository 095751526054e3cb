"""Format the findings of `katas doctor` as text or as JSON."""

from __future__ import annotations

import sys
from pathlib import Path

import msgspec

from graders.doctor import DoctorReport, Finding, examine
from graders.output.paragraphs import wrapped
from graders.output.progress_bar import spinner
from graders.report.terminal import ASCII_MARKS
from graders.report.text import clean

SYMBOLS = {"ok": "✓", "limited": "~", "fault": "✗"}
_WIDTH = 80
_SUBJECT = 20


def report(root: Path | None) -> DoctorReport:
    """Examine this machine, and show on a terminal what is being examined."""
    with spinner("checking …") as show:
        return examine(root, lambda subject: show(f"checking: {subject} …"))


def as_json(found: DoctorReport) -> str:
    """Return the report as a JSON object with the schema katas/doctor/v1."""
    return msgspec.json.format(msgspec.json.encode(found), indent=2).decode()


def as_text(found: DoctorReport) -> str:
    """Return the findings and their remedies as text, followed by a summary."""
    lines = [line for finding in found.findings for line in _lines(finding)]
    text = "\n".join([*lines, "", _summary(found)])
    encoding = sys.stdout.encoding or "ascii"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        return text.translate(ASCII_MARKS).encode(encoding, "replace").decode(encoding)
    return text


def _lines(finding: Finding) -> list[str]:
    head = f"{SYMBOLS[finding.state]} {finding.subject:{_SUBJECT}}"
    margin = " " * (_SUBJECT + 2)
    lines = wrapped(clean(finding.found), _WIDTH, margin, head)
    return lines + (wrapped(clean(finding.remedy), _WIDTH, margin, f"{' ' * _SUBJECT}→ ") if finding.remedy else [])


def _summary(found: DoctorReport) -> str:
    counts = {state: sum(finding.state == state for finding in found.findings) for state in SYMBOLS}
    if counts["fault"]:
        return f"{counts['fault']} of {len(found.findings)} need fixing: the arrows say how."
    if counts["limited"]:
        return f"The katas work, but {counts['limited']} of {len(found.findings)} checks found limitations."
    return "Everything works."
