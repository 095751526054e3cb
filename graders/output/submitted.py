"""Show submitted files to a reviewer."""

from __future__ import annotations

from graders.catalogue import Task
from graders.intake import Submission
from graders.report.text import clean

SHOWN = 20_000  # show at most this many characters of each submitted text
PROSE = (".md", ".txt", ".toml")


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
