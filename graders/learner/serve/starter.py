"""The lines that a kata's "Try" tab begins with: they import the learner's first function and call it."""

from __future__ import annotations

import ast
import re

from graders.catalogue import Kata
from graders.intake.rules import SOURCE_BYTES

VALUES = {  # by annotation: an argument, and the import that it needs
    "int": ("3", ""),
    "float": ("0.5", ""),
    "bool": ("True", ""),
    "np.ndarray": ("np.array([1.0, 2.0])", "import numpy as np"),
    "np.random.Generator": ("np.random.default_rng(0)", "import numpy as np"),
}
WIDTH = 60  # a longer call has a line for each argument
MATRIX = re.compile(r"[A-Z]\w*")  # names such as X and W1


def starter(kata: Kata) -> str:
    """Return the lines for a kata; they only import its first file if that has no function that can be called."""
    file = next((name for name in kata.files if name.endswith(".py")), None)
    if file is None:
        return ""
    module = file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
    function = next((each for each in _functions(kata, file) if not each.name.startswith("_")), None)
    if function is None:
        return f"import {module}\n\nprint(dir({module}))\n"
    own = f"from {module} import {function.name}"
    given = {each.arg: _value(each) for each in _required(function)}
    found = {name: value for name, value in given.items() if value is not None}
    if found.keys() != given.keys():
        return f"{own}\n\nhelp({function.name})\n"
    others = sorted({line for _, line in found.values() if line})
    arguments = [f"{name}={value}" for name, (value, _) in found.items()]
    call = f"print({function.name}({', '.join(arguments)}))"
    if len(call) > WIDTH:
        call = "\n".join([f"print({function.name}(", *(f"    {each}," for each in arguments), "))"])
    return "\n".join([*others, own, "", call, ""])


def _functions(kata: Kata, file: str) -> list[ast.FunctionDef]:
    try:
        with open(kata.folder / file, "rb") as opened:
            tree = ast.parse(opened.read(SOURCE_BYTES))
    except (OSError, SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    return [node for node in tree.body if isinstance(node, ast.FunctionDef) and node.name != "main"]


def _required(function: ast.FunctionDef) -> list[ast.arg]:
    """Return the parameters without a default; of those after `*`, none has one here or all are left out."""
    positional = [*function.args.posonlyargs, *function.args.args]
    named = zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True)
    return positional[: len(positional) - len(function.args.defaults)] + [
        each for each, known in named if known is None
    ]


def _value(parameter: ast.arg) -> tuple[str, str] | None:
    """Return a value for a parameter as code, and the import that it needs; None if its type is not a simple one."""
    kinds = ast.unparse(parameter.annotation).split(" | ") if parameter.annotation else []
    found = next((VALUES[kind] for kind in kinds if kind in VALUES), None)
    if found and MATRIX.fullmatch(parameter.arg):
        return found[0].replace("[1.0, 2.0]", "[[1.0, 2.0], [3.0, 4.0]]"), found[1]
    return found
