"""Show files as text: what a person submitted, and how two versions differ."""

from __future__ import annotations

import difflib
from collections.abc import Mapping

from graders.catalogue import Task
from graders.intake import Submission
from graders.report.text import clean

WIDTH = 10_000  # the maximum number of characters in a line of a difference
SHOWN = 20_000  # show at most this many characters of each submitted text
PROSE = (".md", ".txt", ".toml")


def difference(before: Mapping[str, bytes], after: Mapping[str, bytes], names: tuple[str, str]) -> str:
    """Return a unified diff from `before` to the files of `after` (name: content). `names` are those of the folders."""
    lines = []
    for name in sorted(after):
        old, new = (files.get(name, b"").decode("utf-8", "replace").splitlines() for files in (before, after))
        changed = difflib.unified_diff(old, new, f"{names[0]}/{name}", f"{names[1]}/{name}", lineterm="")
        lines += [clean(line, WIDTH) for line in changed]
    return "\n".join(lines)


def texts(taken: Submission) -> dict[str, str]:
    """Return the submitted texts by name, without anything that a terminal would act on."""
    prose = [file for file in taken.files if file.name.endswith(PROSE)]
    return {file.name: clean(file.data.decode("utf-8", "replace"), SHOWN) for file in prose}


def shown(task: Task, files: dict[str, str]) -> str:
    """Return a task's rubric and the submitted texts, as the screen shows them."""
    parts = [f"\n{task.title} ({task.points:g} points)\n\n{task.rubric.strip()}\n"]
    parts += [f"--- {name}\n{text}\n---" for name, text in files.items() if task.needs(name)]
    return "\n".join(parts)


def size(count: int) -> str:
    """Return a file's size in words."""
    return f"{count} bytes" if count < 10_000 else f"{count / 1000:.0f} kB"
