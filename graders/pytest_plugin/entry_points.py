"""Reads the parameters and the modules of a kata's entry points from its stubs."""

from __future__ import annotations

import ast
import contextlib

from graders.catalogue import Kata


def parameters(kata: Kata, function: str) -> tuple[str, ...]:
    """Return the names of an entry point's parameters, as they are in the stub."""
    _, node = _stub(kata, function)
    return tuple(argument.arg for argument in node.args.args) if node else ()


def module_of(kata: Kata, function: str) -> str:
    """Return the module that defines an entry point, or the kata's first module if no stub does."""
    module, _ = _stub(kata, function)
    return module or (kata.modules[0] if kata.modules else kata.slug)


def _stub(kata: Kata, function: str) -> tuple[str, ast.FunctionDef | None]:
    for name in kata.files:
        path = kata.folder / name
        if path.suffix == ".py" and path.is_file():
            # In a learner's clone the file may contain anything.
            with contextlib.suppress(SyntaxError, ValueError, MemoryError, RecursionError):
                for node in ast.parse(path.read_text(encoding="utf-8")).body:
                    if isinstance(node, ast.FunctionDef) and node.name == function:
                        return name.removesuffix(".py").removesuffix("/__init__").replace("/", "."), node
    return "", None
