"""A failing call as a program that a learner can paste into Python in the repository's root, or as a description.

A call of one of the learner's functions becomes a program: the imports, the arguments by the names that the stub gives
them, the call, what was expected and what came. Of a probe the learner knows nothing: what it does with the submission
is said by the common probes below, or by the last part of its docstring, which begins with `Shown as:` and is Python
with the probe's parameters as names. Where neither is there, or an argument is too large, the input is described in
comments, and no report offers that to be pasted.
"""

from __future__ import annotations

import ast
import contextlib
import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import Any

import numpy as np

from graders.catalogue import COMMON_PROBES, Kata
from graders.checks import digits
from graders.checks.arrays import is_tensor
from graders.checks.mismatch import Mismatch
from graders.errors import SubmissionError
from graders.judge.handle import Call
from graders.wire import GeneratorSeed

MAX_ENTRIES = 400  # larger arrays are described instead of spelled out
MAX_SHOWN = 25  # entries of an expected or a returned array
MAX_CHARACTERS = 12_000
MAX_OUTCOME = 1_000  # characters of an expected or a returned value
MAX_REPORT = 200  # of what a probe reported
MAX_PROGRAM = 3_500  # characters: reports cut a text of 4 000
MAX_LINES = 75
MAX_ARGUMENT = 160  # characters of an argument that is described
FEW = 9  # entries of an array that is always written out
EXCEPTIONS = 6  # entries that are assigned after np.zeros or np.ones

LAYOUTS = {
    "contiguous": "{}",
    "fortran": "np.asfortranarray({})",
    "strided": "np.kron({0}, np.ones([2] * {0}.ndim, {0}.dtype))[(slice(None, None, 2),) * {0}.ndim]",
    "backwards": "np.flip(np.flip({}).copy())",
}


class NoProgram(Exception):
    """This input has no spelling that would run."""


@dataclass
class Program:
    """The lines in front of the last expression, that expression, and the value that it had when the test failed."""

    expression: str
    value: Any
    lines: list[str] = field(default_factory=list)


def paste(kata: Kata, call: Call | None, fault: Exception) -> str:
    """The failing call as a program, or as a description in comments.

    Empty where there was no call (only a file was read, say), or where what a submission returned cannot be spelled.
    """
    if call is None or (call.probe is None and call.name not in kata.entry_points):
        return ""
    with contextlib.suppress(Exception):  # an input without a program still has a description
        text = _program(kata, call, fault)
        if len(text) <= MAX_PROGRAM and text.count("\n") < MAX_LINES:
            return text
    try:
        return _description(kata, call, fault)
    except Exception:  # noqa: BLE001 (a failure without its code is still the submission's failure)
        return ""


# ------------------------------------------------------------------------------------------------ programs


def _program(kata: Kata, call: Call, fault: Exception) -> str:
    program = _called(kata, call, fault)
    text = "\n".join([*program.lines, program.expression])
    folder = kata.folder.relative_to(kata.root).as_posix()
    imports = [f'import sys; sys.path.insert(0, "{folder}")']
    shown, outcome = _shown(program, call, fault)
    if "np." in text:
        imports += ["import numpy as np"]
    for name in kata.entry_points:
        if re.search(rf"\b{name}\(", text):
            imports += [f"from {_module_of(kata, name)} import {name}"]
    return "\n".join([*imports, "", *program.lines, *shown, *outcome])


def _called(kata: Kata, call: Call, fault: Exception) -> Program:
    """What is run, without imports and without what is shown of it."""
    if call.probe is None:
        names = _names(parameters(kata, call.name), call.arguments)
        lines = _assigned_all(names, call.arguments)
        spelled = [
            code(value) if isinstance(value, GeneratorSeed) else name
            for name, value in zip(names, call.arguments, strict=True)
        ]
        return Program(f"{call.name}({', '.join(spelled)})", call.value, [*_compared_with(call, fault), *lines])
    if call.probe.source == _common_source():
        return _COMMON[call.name](kata, call, fault)
    return _as_its_docstring_says(call, fault)


def _compared_with(call: Call, fault: Exception) -> list[str]:
    """The call before, where what is wrong is that the two answers are the same or that they are not."""
    before = call.before
    in_words = isinstance(fault, Mismatch) and type(fault.expected) is str and type(fault.actual) is not str
    if not in_words or before is None or before.name != call.name or before.fault is not None:
        return []
    line = f"{call.name}({', '.join(map(_spelled, before.arguments))})"
    shown = f"answer = {line}; print(answer.shape, answer.mean(), answer.std())" if _is_large(before.value) else ""
    return [shown or f"print({line})", ""] if len(line) <= MAX_ARGUMENT else []


def _common_source() -> str:
    return COMMON_PROBES.read_text(encoding="utf-8")


def _as_its_docstring_says(call: Call, fault: Exception) -> Program:
    """The program of a probe's `Shown as:`; {name} there is an argument's text, {name:def} the probes' function of
    that name."""
    assert call.probe is not None
    template = call.probe.shown
    if not template or all(line.startswith("#") for line in template.splitlines()):
        raise NoProgram
    given = dict(zip(call.probe.parameters, call.arguments, strict=False))
    *lines, expression = _filled(call, template, fault).splitlines()
    used = [name for name in given if re.search(rf"\b{name}\b", "\n".join([*lines, expression]))]
    assigned = [line for name in used for line in _assigned(name, given[name])]
    return Program(expression, call.value, [*assigned, *lines])


def _filled(call: Call, template: str, fault: Exception) -> str:
    assert call.probe is not None
    message = fault.message if isinstance(fault, Mismatch) else ""
    fields = {
        name: _Field(value, call.probe.source, message)
        for name, value in zip(call.probe.parameters, call.arguments, strict=False)
    }
    return template.format_map(fields)


@dataclass
class _Field:
    """An argument in a template."""

    value: Any
    source: str
    message: str

    def __format__(self, how: str) -> str:
        if how == "def":  # what the probes call by this name
            for node in ast.parse(self.source).body:
                if isinstance(node, ast.FunctionDef) and node.name == self.value:
                    return ast.get_source_segment(self.source, node) or ""
            raise NoProgram
        if how == "brief":
            return _brief(self.value)
        if how == "shape":
            shapes = [str(np.shape(each)) for each in (self.value if type(self.value) is list else [self.value])]
            return ", ".join(shapes)
        if how == "failing":  # of several expressions the one that the message names, or all of them
            named = [each for each in self.value if repr(each) in self.message or f"`{each}`" in self.message]
            return "\n".join(named[:1] or self.value)
        return str(self.value)


def _with_layout(kata: Kata, call: Call, fault: Exception) -> Program:
    """Of `call_with_layout`: the answer, or an argument as it is after the call."""
    name, layout, *arguments = call.arguments
    names = _names(parameters(kata, name), arguments)
    lines = _assigned_all(names, arguments)
    lines += [f"{each} = {LAYOUTS[layout].format(each)}" for each in names if layout != "contiguous"]
    expression = f"{name}({', '.join(names)})"
    if call.fault is not None:
        return Program(expression, None, lines)
    answer, *after = call.value
    if isinstance(fault, Mismatch):
        of_the_answer = _access(answer, fault.actual) is not None
        for each, before, value in zip(names, arguments, after, strict=True):
            if _same(value, fault.actual) and (not of_the_answer or _same(before, fault.expected)):
                return Program(each, value, [*lines, expression])
    return Program(expression, answer, lines)


def _in_turn(kata: Kata, call: Call, fault: Exception) -> Program:
    """Of `answers_of_calls`: the answer that is wrong, at once or after all calls."""
    (calls,) = call.arguments
    lines: list[str] = []
    for number, (name, *arguments) in enumerate(calls, 1):
        names = [f"{each}_{number}" for each in _names(parameters(kata, name), arguments)]
        lines += [*_assigned_all(names, arguments), f"answer_{number} = {name}({', '.join(names)})"]
    if call.fault is not None:
        return Program(f"answer_{len(calls)}", None, lines)
    kept, returned = call.value
    actual = fault.actual if isinstance(fault, Mismatch) else None
    for number, (early, late) in enumerate(zip(kept, returned, strict=True), 1):
        if _access(late, actual) is not None and _identical(late, actual):
            return Program(f"answer_{number}", late, lines)
        if _access(early, actual) is not None:
            end = lines.index(next(line for line in lines if line.startswith(f"answer_{number} =")))
            return Program(f"answer_{number}", early, lines[: end + 1])
    raise NoProgram


def _renewed(kata: Kata, call: Call, fault: Exception) -> Program:
    """Of `answer_after_renewal`: the answer to arrays that hold other numbers than in an earlier call."""
    del fault
    name, arguments, numbers = call.arguments
    names = _names(parameters(kata, name), arguments)
    expression = f"{name}({', '.join(names)})"
    renewed = [f"{each}[...] = {_spelled(value)}" for each, value in zip(names, numbers, strict=True)]
    return Program(expression, call.value, [*_assigned_all(names, arguments), expression, *renewed])


_COMMON: dict[str, Callable[[Kata, Call, Exception], Program]] = {
    "call_with_layout": _with_layout,
    "answers_of_calls": _in_turn,
    "answer_after_renewal": _renewed,
}


# --------------------------------------------------------------------------- what is printed, and what came of it


def _shown(program: Program, call: Call, fault: Exception) -> tuple[list[str], list[str]]:
    """The lines that print the value in question, and comments that say what was expected and what came."""
    if call.fault is not None:
        return [f"print({program.expression})"], _raised(call)
    actual = fault.actual if isinstance(fault, Mismatch) else None
    access = _access(program.value, actual) if isinstance(fault, Mismatch) else None
    if access is None:
        return _whole(program, fault)
    assert isinstance(fault, Mismatch)
    expected, value = _array_of(fault.expected), actual
    if _is_large(value) and not isinstance(expected, np.ndarray):
        return _whole(Program(_reached(program.expression, access), value), fault)
    if "expected dtype" in fault.message and isinstance(value, np.ndarray | np.generic):
        lines = [f"print({_reached(program.expression, access)}.dtype)"]
        return lines, [f"# expected: {np.asarray(expected).dtype}", f"# yours   : {value.dtype}"]
    if not _is_large(value) and not _is_large(expected):
        return [f"print({_reached(program.expression, access)})"], _outcome(expected, value)
    if getattr(value, "shape", 0) != getattr(expected, "shape", 0) or getattr(value, "dtype", 0) != getattr(
        expected, "dtype", 0
    ):
        lines = [f"answer = {_reached(program.expression, access)}", "print(answer.shape, answer.dtype)"]
        if not isinstance(value, np.ndarray):
            lines = [f"print(type({_reached(program.expression, access)}))"]
        return lines, [f"# expected: {_kind(expected)}", f"# yours   : {_kind(value)}"]
    place, count = _first_wrong(np.asarray(expected), np.asarray(value))
    entry = f"answer[{', '.join(map(str, place))}]"
    lines = [f"answer = {_reached(program.expression, access)}", f"print({entry})"]
    expected, value = np.asarray(expected), np.asarray(value)
    remark = f"# {_kind(value)}: {count} of {value.size} entries are wrong, {list(place)} first"
    return lines, [remark, *_outcome(expected[place], value[place])]


def _whole(program: Program, fault: Exception) -> tuple[list[str], list[str]]:
    """What is printed where the value in question is made from the answer, and is no part of it."""
    expected = []
    if isinstance(fault, Mismatch) and isinstance(fault.expected, str):
        expected = [_comment("expected", fault.expected)]
    if not _is_large(program.value):
        return [f"print({program.expression})"], [*expected, _comment("yours   ", program.value)]
    lines = [f"answer = {program.expression}", "print(answer.shape, answer.mean(), answer.std())"]
    value = np.asarray(program.value)
    numbers = f"mean {digits.number(value.mean())}, standard deviation {digits.number(value.std())}"
    return lines, [*expected, f"# yours   : {_kind(value)}, {numbers}"]


def _raised(call: Call) -> list[str]:
    if isinstance(call.fault, SubmissionError) and not hasattr(call.fault, "type_name"):
        return []  # the message says what was returned, and it has no spelling here
    return [f"# raises {getattr(call.fault, 'type_name', type(call.fault).__name__)}"]


def _outcome(expected: Any, actual: Any) -> list[str]:
    most = digits.enough(expected, actual)
    return [_comment("expected", expected, most), _comment("yours   ", actual, most)]


def _comment(label: str, value: Any, most: int = digits.FEWEST) -> str:
    text = value if type(value) is str and label == "expected" else code(_plain(value), most)
    text = _kind(value) if _is_large(value) else text
    if len(text) > MAX_OUTCOME:
        text = text[:MAX_OUTCOME] + "…"
    return f"# {label}: " + text.replace("\n", "\n#           ")


def _plain(value: Any) -> Any:
    """A NumPy number of a default dtype as the number that it is."""
    return value.item() if isinstance(value, np.float64 | np.int64 | np.bool_) else value


def _array_of(value: Any) -> Any:
    """A torch tensor as an array, or as a number where it has no axes; anything else as it is."""
    return value.detach().cpu().numpy()[()] if is_tensor(value) else value


def _is_large(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.size > MAX_SHOWN


def _kind(value: Any) -> str:
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}, dtype {value.dtype}"
    return f"a value of type {type(value).__name__}"


def _first_wrong(expected: np.ndarray, actual: np.ndarray) -> tuple[tuple[int, ...], int]:
    """Where two arrays of one shape differ first by more than rounding, and how many such places there are."""
    wrong = ~np.isclose(actual, expected, rtol=1e-6, atol=0, equal_nan=True) if expected.dtype.kind in "fc" else None
    if wrong is None or not wrong.any():
        wrong = actual != expected
    first = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
    return tuple(int(i) for i in first), int(wrong.sum())


def _reached(expression: str, access: str) -> str:
    """The expression with an access; of a tuple that is written out, its element."""
    found = re.match(r"\[(\d+)\]", access)
    tree = ast.parse(expression, mode="eval").body
    if found and isinstance(tree, ast.Tuple):
        element = ast.get_source_segment(expression, tree.elts[int(found[1])]) or ""
        return element + access[found.end() :]
    return f"({expression}){access}" if access and isinstance(tree, ast.BinOp | ast.Tuple) else expression + access


def _access(value: Any, part: Any, depth: int = 2) -> str | None:
    """How `part` is reached from an answer: "" for the answer itself, "[1]", "['dx']", ".shape"; None if it is not,
    or if there are several ways."""
    if _same(value, part):
        return ""
    if isinstance(value, np.ndarray) and type(part) is tuple and value.shape == part:
        return ".shape"
    items: list[tuple[Any, Any]] = []
    if isinstance(value, tuple | list):
        items = list(enumerate(value))
    elif isinstance(value, dict):
        items = list(value.items())
    found = [f"[{key!r}]" for key, item in items if _identical(item, part)]
    found = found or [f"[{key!r}]" for key, item in items if _same(item, part)]
    if not found and depth > 1:
        deeper = [(key, _access(item, part, depth - 1)) for key, item in items if isinstance(item, tuple | list | dict)]
        found = [f"[{key!r}]{path}" for key, path in deeper if path is not None]
    return found[0] if len(found) == 1 else None


def _identical(value: Any, part: Any) -> bool:
    return value is part and not isinstance(part, bool | int | str | None)


def _same(value: Any, part: Any) -> bool:
    if type(value) is not type(part):
        return False
    if isinstance(value, np.ndarray):
        equal_nan = value.dtype.kind in "fc"
        return (
            value.dtype == part.dtype and value.shape == part.shape and np.array_equal(value, part, equal_nan=equal_nan)
        )
    if isinstance(value, tuple | list):
        return len(value) == len(part) and all(map(_same, value, part))
    if isinstance(value, dict):
        return value.keys() == part.keys() and all(_same(value[key], part[key]) for key in value)
    return value is part or bool(value == part) or (value != value and part != part)


# -------------------------------------------------------------------------------------------- descriptions


def _description(kata: Kata, call: Call, fault: Exception) -> str:
    """The input in comments: short arguments first, since the decisive one is among them."""
    lines = []
    if call.probe is None:
        lines += [f"# {call.name}({', '.join(_names(parameters(kata, call.name), call.arguments))})"]
    elif call.probe.shown and all(line.startswith("#") for line in call.probe.shown.splitlines()):
        filled = [
            line if line.startswith("#") else f"# {line}"
            for line in _filled(call, call.probe.shown, fault).splitlines()
        ]
        return "\n".join([*(line for line in filled if line.strip() != "#"), *_told(call, fault)])
    elif call.probe.summary:
        lines += [f"# {call.probe.summary}"]
    names = _names(call.probe.parameters if call.probe else parameters(kata, call.name), call.arguments)
    described = [(name, _brief(value)) for name, value in zip(names, call.arguments, strict=True)]
    described.sort(key=lambda each: len(each[1]) > FEW * 4)
    lines += [f"# {name} = {text}" for name, text in described]
    return "\n".join([*lines, *_told(call, fault)] or ["#"])


def _told(call: Call, fault: Exception) -> list[str]:
    """What came of a call whose input is described; of all that a probe reports the message says what matters."""
    if call.fault is not None:
        return _raised(call)
    if isinstance(fault, Mismatch) and fault.expected is None and fault.actual is None:
        return []
    if not isinstance(fault, Mismatch):
        return [_comment("yours   ", call.value)] if len(code(call.value)) <= MAX_REPORT else []
    if _is_large(_array_of(fault.expected)) or _is_large(fault.actual):
        return []  # the message says which entry is wrong
    return [line for line in _outcome(_array_of(fault.expected), fault.actual) if len(line) <= 2 * MAX_ARGUMENT]


def _brief(value: Any) -> str:
    """A value in at most a line or two; of large arrays shape and dtype, of floats the digits that matter."""
    if _is_large(value):
        return _kind(value)
    if isinstance(value, list | tuple) and not isinstance(value, GeneratorSeed):
        left, right = "[]" if isinstance(value, list) else "()"
        text = left + ", ".join(_brief(each) for each in value) + right
    elif isinstance(value, dict):
        text = "{" + ", ".join(f"{key!r}: {_brief(each)}" for key, each in value.items()) + "}"
    else:
        text = code(value, digits.FEWEST).replace("\n    ", " ")
    return text if len(text) <= MAX_ARGUMENT else text[:MAX_ARGUMENT] + "…"


# -------------------------------------------------------------------------------------- names and assignments


def _names(known: Sequence[str], arguments: Sequence[Any]) -> list[str]:
    """A name for each argument: that of the stub, or its number."""
    pairs = zip_longest(known[: len(arguments)], range(1, len(arguments) + 1))
    return [name or f"argument_{number}" for name, number in pairs]


def _assigned_all(names: Sequence[str], values: Sequence[Any]) -> list[str]:
    pairs = [(name, value) for name, value in zip(names, values, strict=True) if not isinstance(value, GeneratorSeed)]
    return [line for name, value in pairs for line in _assigned(name, value)]


def _assigned(name: str, value: Any) -> list[str]:
    """The lines that make a variable: an array of one number throughout, with few exceptions, is not written out."""
    if type(value) is not np.ndarray or value.size <= FEW or value.dtype.kind not in "biuf":
        return [f"{name} = {_spelled(value)}"]
    for number, maker in ((0, "zeros"), (1, "ones")):
        others = np.argwhere((value != number) | np.signbit(value.astype(float)))
        if len(others) <= EXCEPTIONS:
            dtype = "" if value.dtype == np.float64 else f", dtype=np.{value.dtype.name}"
            lines = [f"{name} = np.{maker}({value.shape}{dtype})"]
            return lines + [
                f"{name}[{', '.join(map(str, place))}] = {code(value[tuple(place)].item())}"
                for place in others.tolist()
            ]
    return [f"{name} = {_spelled(value)}"]


def _spelled(value: Any) -> str:
    text = code(value)
    if "..." in text or "…" in text:
        raise NoProgram
    return text


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


def code(value: Any, most: int = 0) -> str:
    """A plain value as an expression, arrays with `np.`; of large ones only `...`; cut where it is too long to read.

    Floats have `most` significant digits; all that they have where that is 0.
    """
    text, length = [], 0
    for piece in _pieces(value, most):
        text.append(piece)
        length += len(piece)
        if length > MAX_CHARACTERS:  # a submission may return any number of things
            return "".join(text)[:MAX_CHARACTERS] + "…"
    return "".join(text)


def _pieces(value: Any, most: int = 0) -> Iterator[str]:
    if type(value).__module__ == "torch" and hasattr(value, "detach"):
        value = value.detach().numpy()[()]
    kind = type(value)
    if kind is np.ndarray:
        yield _array(value, most)
    elif kind is tuple:
        yield "("
        yield from _listed(value, most)
        yield ",)" if len(value) == 1 else ")"
    elif kind is list:
        yield "["
        yield from _listed(value, most)
        yield "]"
    elif kind is dict:
        yield "{"
        for number, (key, item) in enumerate(value.items()):
            yield ", " if number else ""
            yield f"{_scalar(key)}: "
            yield from _pieces(item, most)
        yield "}"
    else:
        yield _scalar(value, most)


def _listed(items: Sequence[Any], most: int) -> Iterator[str]:
    for number, item in enumerate(items):
        yield ", " if number else ""
        yield from _pieces(item, most)


def _scalar(value: Any, most: int = 0) -> str:
    kind = type(value)
    if isinstance(value, np.generic):
        inner = _scalar(value.item(), most)
        return f"np.{value.dtype.name}({inner if np.isfinite(value) else repr(str(value))})"
    if kind is float and not math.isfinite(value):
        return f"float('{value}')"
    if kind is complex and not np.isfinite(value):
        return f"complex({_scalar(value.real)}, {_scalar(value.imag)})"
    if most and kind in (float, complex):
        return digits.number(value, most)
    if kind is GeneratorSeed:
        return f"np.random.default_rng({value.seed})"
    text = repr(value)
    return text if len(text) <= 1000 else text[:1000] + "…"


def _array(array: np.ndarray, most: int = 0) -> str:
    if array.size == 0:
        return f"np.empty({array.shape}, dtype=np.{array.dtype.name})"
    if array.size > MAX_ENTRIES:
        return "..."
    text = code(array.tolist(), most)
    if len(text) > 60 and array.ndim > 1:
        text = text.replace("], [", "],\n    [")
    default = array.dtype == np.float64 or (array.dtype == np.int64) or array.dtype == np.bool_
    return f"np.array({text})" if default else f"np.array({text}, dtype=np.{array.dtype.name})"
