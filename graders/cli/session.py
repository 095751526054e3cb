"""State shared by all commands of one invocation."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graders import catalogue
from graders.errors import KataError
from graders.output.paragraphs import line_by_line

if TYPE_CHECKING:
    from graders.judge.process import JudgeProcess


class _Root:
    """A descriptor that looks up the repository of katas on demand, because some commands work without one."""

    def __get__(self, _: object, session: type[Invocation]) -> Path:
        return session.given or catalogue.find_root(Path.cwd())


class Invocation:
    """The state of one invocation.

    `given` is the folder that --root names, and `started` is the judge's process, if `main` has started it.
    """

    root = _Root()
    given: Path | None = None
    started: JudgeProcess | None = None

    @classmethod
    def judge(cls, root: Path | None = None, **settings: Any) -> Any:
        from graders.judge.client import Judge

        return Judge(root or cls.root, started=cls.started, **settings)


def seed_of(given: str | None, size: int, where: str) -> bytes | None:
    """Return a --seed as `size` bytes, or None if no seed is given. Raises KataError if it is invalid.

    `where` completes the error message, which tells the user where to find a seed.
    """
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
