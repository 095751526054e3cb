"""Reads the parameters and the modules of a kata's entry points from its stubs."""

from __future__ import annotations

import ast
import contextlib
import functools

from graders.catalogue import Kata


def parameters(kata: Kata, function: str) -> tuple[str, ...]:
    """Return the names of an entry point's parameters, as they are in the stub."""
    return _stub(kata, function)[1]


def module_of(kata: Kata, function: str) -> str:
    """Return the module that defines an entry point, or the kata's first module if no stub does."""
    module, _ = _stub(kata, function)
    return module or (kata.modules[0] if kata.modules else kata.slug)


def _stub(kata: Kata, function: str) -> tuple[str, tuple[str, ...]]:
    for name in kata.files:
        path = kata.folder / name
        if path.suffix == ".py" and path.is_file():
            found = _parameters(path.read_bytes())
            if function in found:
                return name.removesuffix(".py").removesuffix("/__init__").replace("/", "."), found[function]
    return "", ()


@functools.lru_cache(maxsize=16)
def _parameters(source: bytes) -> dict[str, tuple[str, ...]]:
    """Return the parameters of each top-level function. In a learner's clone, the source may be anything."""
    with contextlib.suppress(SyntaxError, ValueError, MemoryError, RecursionError):
        functions = [node for node in ast.parse(source).body if isinstance(node, ast.FunctionDef)]
        return {each.name: tuple(argument.arg for argument in each.args.args) for each in reversed(functions)}
    return {}
