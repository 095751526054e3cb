"""`katas run`: a kata's program, as its writer runs it; what it makes lies beside it."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from graders.catalogue import Kata
from graders.cli.session import say
from graders.cli.showing import program_of
from graders.errors import KataError


def main_of(kata: Kata, folder: Path, name: str | None = None) -> Path:
    """The program of this kata in `folder` that `name` stands for; the only one if none. Raises KataError."""
    programs = [file for file in kata.files if file.endswith(".py")]
    if name is None and len(programs) != 1:
        raise KataError(f"{kata.slug} has {len(programs)} programs: name one of {', '.join(programs)}")
    return program_of(kata, name or programs[0], folder)


def run_program(kata: Kata, path: Path, arguments: Sequence[str] = ()) -> int:
    """Run `python program.py …` in the program's folder, unconfined, with what the kata supplies; its exit status."""
    folders = dict.fromkeys(str((kata.folder / name).parent) for name in kata.supplied)
    search_path = [*folders, os.environ.get("PYTHONPATH", "")]
    env = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, search_path))}
    with subprocess.Popen([sys.executable, path.name, *arguments], cwd=path.parent, env=env) as program:
        while True:
            try:
                status = program.wait()
                break
            except KeyboardInterrupt:  # the program has it too, and ends in its own way
                continue
    todo = unwritten(path) if status else []
    if todo:
        say(
            f"katas: {path.name} is not written yet: {', '.join(todo)}; `katas watch {kata.slug}` says what comes first"
        )
    return 128 - status if status < 0 else status


def unwritten(path: Path) -> list[str]:
    """The functions of a file that are stubs still; none where it cannot be parsed."""
    try:
        tree = ast.parse(path.read_bytes(), str(path))
    except (OSError, SyntaxError, ValueError):
        return []
    functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
    return [node.name for node in functions if ast.unparse(node.body[-1]) == "raise NotImplementedError"]
