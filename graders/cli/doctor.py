"""`katas doctor`: check whether the katas work on this machine, and say how to fix any problems."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from graders import catalogue
from graders.cli.session import Invocation
from graders.errors import CatalogueError

if TYPE_CHECKING:
    from graders.doctor import Finding

SYMBOLS = {"ok": "✓", "limited": "~", "fault": "✗"}
_WIDTH = 80
_SUBJECT = 20


def doctor() -> int:
    """Check this machine, and say how to fix any problems.

    The checks cover Python, packages, PyTorch, confinement (by starting a worker), the graphics card, pytest's settings
    and folders.

    Exit status: 0 the katas work here (~ marks limitations), 1 something is broken (✗), 2 the checks could not run.
    """
    from graders.doctor import examine
    from graders.learner.progress import default_path
    from graders.output.progress_bar import spinner

    root = Invocation.given
    if root is None:
        try:
            root = catalogue.find_root(Path.cwd())
        except CatalogueError:
            root = None
    with spinner("checking …") as show:
        findings = examine(root, default_path(), lambda subject: show(f"checking: {subject} …"))
    print(as_text(findings))
    return int(any(finding.state == "fault" for finding in findings))


def as_text(findings: Sequence[Finding]) -> str:
    """Return the findings and their remedies as text, followed by a summary."""
    from graders.output.paragraphs import wrapped
    from graders.report.terminal import encodable
    from graders.report.text import clean

    lines = []
    margin = " " * (_SUBJECT + 2)
    for each in findings:
        lines += wrapped(clean(each.found), _WIDTH, margin, f"{SYMBOLS[each.state]} {each.subject:{_SUBJECT}}")
        if each.remedy:
            lines += wrapped(clean(each.remedy), _WIDTH, margin, f"{' ' * _SUBJECT}→ ")
    counts = Counter(each.state for each in findings)
    summary = "Everything works."
    if counts["fault"]:
        summary = f"{counts['fault']} of {len(findings)} need fixing: the arrows say how."
    elif counts["limited"]:
        summary = f"The katas work, but {counts['limited']} of {len(findings)} checks found limitations."
    return encodable("\n".join([*lines, "", summary]), sys.stdout.encoding or "ascii")
