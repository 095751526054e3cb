"""State shared by all commands of one invocation."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from graders import catalogue
from graders.errors import KataError
from graders.output.paragraphs import line_by_line


class _Root:
    """A descriptor that looks up the repository of katas on demand, because some commands work without one."""

    def __get__(self, _: object, session: type[Invocation]) -> Path:
        return session.given or catalogue.find_root(Path.cwd())


class Invocation:
    """The state of one invocation. `given` is the folder that --root names."""

    root = _Root()
    given: Path | None = None

    @classmethod
    def clone(cls) -> Path:
        """Return the repository, for commands that work on all its files. Raises KataError if it lacks some."""
        root = cls.root
        if (root / catalogue.MANIFEST).is_file():
            fault = "`katas init` wrote this folder for a learner, without solutions and hidden tests"
            raise KataError(f"{root}: {fault}. Use a clone of the repository: --root DIR")
        return root

    @classmethod
    def judge(cls, root: Path | None = None, **settings: Any) -> Any:
        from graders.judge.client import Judge

        return Judge(root or cls.root, **settings)


def seed_of(given: str | None, size: int, where: str) -> bytes | None:
    """Return a --seed as `size` bytes, or None if there is none. Raises KataError, which says `where` seeds are."""
    if given is None:
        return None
    try:
        seed = bytes.fromhex(given)
    except ValueError:
        seed = b""
    if len(seed) != size:
        raise KataError(f"--seed {given}: {2 * size} hexadecimal digits are expected, like the seed {where}.")
    return seed


def say(text: str) -> None:
    """Print a message on standard error, separate from the command's output."""
    print(line_by_line(text, sys.stderr), file=sys.stderr, flush=True)
