"""Make submissions that compute nothing. They must get no point, or a task gives points for nothing."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from graders import intake
from graders.catalogue import Kata

# What stands in each function in place of `raise NotImplementedError`.
ANSWERS = {
    "None": "return None",
    "its first argument": "return {first}",
    "a copy of its arguments": "import copy; return copy.deepcopy({arguments})",
    "ValueError": "raise ValueError",
}


def null_submissions(kata: Kata) -> Iterator[tuple[str, dict[str, bytes]]]:
    """Yield the kata's stub with each of these answers, together with the solutions of the katas that it builds on."""
    stub = intake.shipped(kata, kata.folder)
    for answer, statement in ANSWERS.items():
        filled = {name: _filled(data, statement) for name, data in stub.items() if name.endswith(".py")}
        if any(data != stub[name] for name, data in filled.items()):
            yield answer, intake.shipped_earlier(kata) | stub | filled


def _filled(source: bytes, statement: str) -> bytes:
    tree = ast.parse(source)
    changed = False
    for function in (each for each in ast.walk(tree) if isinstance(each, ast.FunctionDef)):
        given = [each.arg for each in function.args.args if each.arg != "self"]
        answer = statement.format(first=(given or ["None"])[0], arguments=f"({', '.join(given)})")
        if function.name == "__init__" and "return" in answer:
            answer = "pass"
        for place, each in enumerate(function.body):
            if isinstance(each, ast.Raise) and "NotImplementedError" in ast.unparse(each):
                function.body[place : place + 1] = _inside(answer)
                changed = True
    return ast.unparse(ast.fix_missing_locations(tree)).encode() if changed else source


def _inside(answer: str) -> list[ast.stmt]:
    """Return statements that only a function may contain."""
    (function,) = ast.parse(f"def f():\n    {answer}").body
    assert isinstance(function, ast.FunctionDef)
    return function.body
