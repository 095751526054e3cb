"""Show how two versions of files differ, and within which limits a person sees submitted texts."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from graders.report.text import clean

WIDTH = 10_000  # the maximum number of characters in a line of a difference
SHOWN = 20_000  # show at most this many characters of a submitted text
PROSE = (".md", ".txt", ".toml")


def difference(before: Mapping[str, bytes], after: Mapping[str, bytes], names: tuple[str, str]) -> str:
    """Return a unified diff from `before` to the files of `after` (name: content). `names` are those of the folders."""
    lines = []
    for name in sorted(after):
        old, new = (files.get(name, b"").decode("utf-8", "replace").splitlines() for files in (before, after))
        changed = difflib.unified_diff(old, new, f"{names[0]}/{name}", f"{names[1]}/{name}", lineterm="")
        lines += [clean(line, WIDTH) for line in changed]
    return "\n".join(lines)


def size(count: int) -> str:
    """Return a file's size in words."""
    return f"{count} bytes" if count < 10_000 else f"{count / 1000:.0f} kB"
