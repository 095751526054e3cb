"""`katas run`: run a kata's program in its own folder, where it also writes its files."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from graders.catalogue import Kata
from graders.cli.session import say
from graders.errors import KataError
from graders.learner.curves import environment, program_of


def main_of(kata: Kata, folder: Path, name: str | None = None) -> Path:
    """Return the path of a kata's program in `folder`.

    Raises KataError if the program does not exist, or if no name is given and the kata has several programs.
    """
    programs = [file for file in kata.files if file.endswith(".py")]
    if name is None and len(programs) != 1:
        raise KataError(
            f"{kata.slug}: the kata has {len(programs)} programs. Choose one with --program: {', '.join(programs)}."
        )
    return program_of(kata, name or programs[0], folder)


def run_program(kata: Kata, path: Path, arguments: Sequence[str] = ()) -> int:
    """Run `python program.py …` in its folder, unconfined, with the kata's supplied modules. Return the exit status."""
    env = environment(kata, path)
    with subprocess.Popen([sys.executable, path.name, *arguments], cwd=path.parent, env=env) as program:
        while True:
            try:
                status = program.wait()
                break
            except KeyboardInterrupt:  # the program receives Ctrl-C too, and ends by itself
                continue
    todo = unwritten(path) if status else []
    if todo:
        say(
            f"katas: {path.name} is not written yet: {', '.join(todo)}. `katas watch {kata.slug}` shows where to start."
        )
    return 128 - status if status < 0 else status


def unwritten(path: Path) -> list[str]:
    """Return the names of the functions that are still stubs, or an empty list if the file cannot be parsed."""
    try:
        tree = ast.parse(path.read_bytes(), str(path))
    except (OSError, SyntaxError, ValueError):
        return []
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return [node.name for node in functions if ast.unparse(node.body[-1]) == "raise NotImplementedError"]
