"""A failing call as code that a learner can paste into a Python prompt."""

from __future__ import annotations

import ast
import contextlib
import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from graders.catalogue import Kata
from graders.checks.mismatch import Mismatch
from graders.errors import SubmissionError
from graders.judge.handle import Call
from graders.wire import GeneratorSeed

MAX_ENTRIES = 400  # larger arrays are described instead of spelled out
MAX_CHARACTERS = 12_000
MAX_OUTCOME = 1_000  # of an expected or a returned value
MAX_REPORT = 200  # of what a probe reported


def paste(kata: Kata, call: Call | None, fault: Exception) -> str:
    """The imports, the arguments by the names that the stub gives them, the call, and what was expected of it.

    Empty where there was no call (only a file was read, say), or where what a submission returned cannot be spelled.
    """
    if call is None or (call.probe is None and call.name not in kata.entry_points):
        return ""
    try:
        return _spelled(kata, call, fault)
    except Exception:  # noqa: BLE001 (a failure without its code is still the submission's failure)
        return ""


def _spelled(kata: Kata, call: Call, fault: Exception) -> str:
    names = call.probe.parameters if call.probe else parameters(kata, call.name)
    named = [(names[i] if i < len(names) else f"argument_{i}", value) for i, value in enumerate(call.arguments)]
    lines = ["import numpy as np"] if any("np." in code(value) for _, value in named) else []
    module = _module_of(kata, call.name)
    if call.probe is None:
        lines += [f"from {module} import {call.name}", ""]
    else:
        lines += [f"# {call.probe.summary or call.name}"]
    for name, value in named:
        if not isinstance(value, GeneratorSeed):
            lines += [f"# {name}: {_size(value)}"] * bool(_size(value)) + [f"{name} = {code(value)}"]
    if call.probe is None:
        spelled = (code(value) if isinstance(value, GeneratorSeed) else name for name, value in named)
        lines += [f"{call.name}({', '.join(spelled)})"]
    lines += _outcome(call, fault)
    return "\n".join(lines)[:MAX_CHARACTERS]


def _outcome(call: Call, fault: Exception) -> list[str]:
    if isinstance(fault, Mismatch):
        return [_comment("expected", fault.expected), _comment("yours   ", fault.actual)]
    if isinstance(call.fault, SubmissionError) and not hasattr(call.fault, "type_name"):
        return []  # the message says what was returned, and it has no spelling here
    if call.fault is not None:
        return [
            f"# raises {type(call.fault).__name__ if not hasattr(call.fault, 'type_name') else call.fault.type_name}"
        ]
    if call.probe is not None and len(code(call.value)) > MAX_REPORT:
        return []  # of all that a probe reports the message says what matters
    return [_comment("yours   ", call.value)]


def _comment(label: str, value: Any) -> str:
    text = _size(value) or code(value)
    if len(text) > MAX_OUTCOME:
        text = text[:MAX_OUTCOME] + "…"
    return f"# {label}: " + text.replace("\n", "\n#           ")


def _size(value: Any) -> str:
    """What is said of an array that is too large to be spelled out."""
    if type(value) is not np.ndarray or value.size <= MAX_ENTRIES:
        return ""
    span = "" if value.dtype.kind == "c" else f", from {value.min()} to {value.max()}"
    return f"an array of shape {value.shape}, dtype {value.dtype}{span}"


def parameters(kata: Kata, function: str) -> tuple[str, ...]:
    """The parameter names of an entry point, from the stub."""
    _, node = _stub(kata, function)
    return tuple(argument.arg for argument in node.args.args) if node else ()


def _module_of(kata: Kata, function: str) -> str:
    module, _ = _stub(kata, function)
    return module or (kata.modules[0] if kata.modules else kata.slug)


def _stub(kata: Kata, function: str) -> tuple[str, ast.FunctionDef | None]:
    """The module that defines an entry point, and its definition."""
    for name in kata.files:
        path = kata.folder / name
        if path.suffix == ".py" and path.is_file():
            # In a learner's clone the stub may be in any state.
            with contextlib.suppress(SyntaxError, ValueError, MemoryError, RecursionError):
                for node in ast.parse(path.read_text(encoding="utf-8")).body:
                    if isinstance(node, ast.FunctionDef) and node.name == function:
                        return name.removesuffix(".py").removesuffix("/__init__").replace("/", "."), node
    return "", None


def code(value: Any) -> str:
    """A plain value as an expression, arrays with `np.`; of large ones only `...`; cut where it is too long to read."""
    text, length = [], 0
    for piece in _pieces(value):
        text.append(piece)
        length += len(piece)
        if length > MAX_CHARACTERS:  # a submission may return any number of things
            return "".join(text)[:MAX_CHARACTERS] + "…"
    return "".join(text)


def _pieces(value: Any) -> Iterator[str]:
    if type(value).__module__ == "torch" and hasattr(value, "detach"):
        value = value.detach().numpy()[()]
    kind = type(value)
    if kind is np.ndarray:
        yield _array(value)
    elif kind is tuple:
        yield "("
        yield from _listed(value)
        yield ",)" if len(value) == 1 else ")"
    elif kind is list:
        yield "["
        yield from _listed(value)
        yield "]"
    elif kind is dict:
        yield "{"
        for number, (key, item) in enumerate(value.items()):
            yield ", " if number else ""
            yield f"{_scalar(key)}: "
            yield from _pieces(item)
        yield "}"
    else:
        yield _scalar(value)


def _listed(items: Sequence[Any]) -> Iterator[str]:
    for number, item in enumerate(items):
        yield ", " if number else ""
        yield from _pieces(item)


def _scalar(value: Any) -> str:
    kind = type(value)
    if isinstance(value, np.generic):
        inner = repr(value.item())
        return f"np.{value.dtype.name}({inner if np.isfinite(value) else repr(str(value))})"
    if kind is float and not math.isfinite(value):
        return f"float('{value}')"
    if kind is complex and not np.isfinite(value):
        return f"complex({_scalar(value.real)}, {_scalar(value.imag)})"
    if kind is GeneratorSeed:
        return f"np.random.default_rng({value.seed})"
    text = repr(value)
    return text if len(text) <= 1000 else text[:1000] + "…"


def _array(array: np.ndarray) -> str:
    if array.size == 0:
        return f"np.empty({array.shape}, dtype=np.{array.dtype.name})"
    if array.size > MAX_ENTRIES:
        return "..."
    text = code(array.tolist())
    if len(text) > 60 and array.ndim > 1:
        text = text.replace("], [", "],\n    [")
    default = array.dtype == np.float64 or (array.dtype == np.int64) or array.dtype == np.bool_
    return f"np.array({text})" if default else f"np.array({text}, dtype=np.{array.dtype.name})"
