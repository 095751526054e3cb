"""Compute unified diffs of files."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from graders.report.text import clean

WIDTH = 10_000  # the maximum number of characters in a line


def difference(before: Mapping[str, bytes], after: Mapping[str, bytes], names: tuple[str, str]) -> str:
    """Return a unified diff from `before` to the files of `after` (name: content). `names` are those of the folders."""
    lines = []
    for name in sorted(after):
        old, new = (files.get(name, b"").decode("utf-8", "replace").splitlines() for files in (before, after))
        changed = difflib.unified_diff(old, new, f"{names[0]}/{name}", f"{names[1]}/{name}", lineterm="")
        lines += [clean(line, WIDTH) for line in changed]
    return "\n".join(lines)
