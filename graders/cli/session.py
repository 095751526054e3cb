"""State shared by all commands of one invocation."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graders import catalogue
from graders.cli.paragraphs import line_by_line
from graders.errors import KataError

if TYPE_CHECKING:
    from graders.judge.process import JudgeProcess


class _Root:
    """The repository of katas, looked up when a command first needs it: help and some commands work without one."""

    def __get__(self, _: object, session: type[Session]) -> Path:
        return session.given or catalogue.find_root(Path.cwd())


class Session:
    """What one command line says to every command. `given` is the folder that --root names."""

    root = _Root()
    given: Path | None = None
    started: JudgeProcess | None = None

    @classmethod
    def judge(cls, root: Path | None = None, **settings: Any) -> Any:
        from graders.judge.api import Judge

        return Judge(root or cls.root, started=cls.started, **settings)


def seed_of(given: str | None, size: int, where: str) -> bytes | None:
    """The bytes of a --seed, so many of them; `where` says what records them. Raises KataError."""
    if given is None:
        return None
    try:
        seed = bytes.fromhex(given)
    except ValueError:
        seed = b""
    if len(seed) != size:
        raise KataError(f"--seed {given}: {2 * size} hexadecimal digits are expected, as {where}")
    return seed


def say(text: str) -> None:
    """Say something beside a command's output, on standard error."""
    print(line_by_line(text, sys.stderr), file=sys.stderr, flush=True)
