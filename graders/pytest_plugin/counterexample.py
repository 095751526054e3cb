"""Turns a failing call into a program that a learner can paste into Python, or into a description.

The program runs in the repository's root. For a call of a learner's function, it contains the imports, the arguments
under the names that the stub uses, the call, and the expected and actual values. Learners do not know the probes, so
the program for a probe shows what the probe does. Functions below write this program for the common probes. The
docstrings of other probes contain it after `Shown as:`, as Python code that uses the names of the probe's parameters.
If no program can be written, or if an argument is too large, comments describe the input, and reports do not offer it
for pasting.
"""

from __future__ import annotations

import ast
import contextlib
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from typing import Any

import numpy as np

from graders.catalogue import COMMON_PROBES, Kata
from graders.checks import digits
from graders.checks.mismatch import Mismatch
from graders.errors import SubmissionError
from graders.pytest_plugin.differing import access, first_wrong, identical, kind_of, reached, same
from graders.pytest_plugin.entry_points import module_of, parameters
from graders.pytest_plugin.handle import Call
from graders.pytest_plugin.outcome import (
    Counterexample,
    Outcome,
    actual_text,
    array_of,
    compared,
    expected_text,
    is_large,
    with_outcome,
)
from graders.pytest_plugin.values_as_code import code
from graders.wire import GeneratorSeed

MAX_REPORT = 200  # in characters; a longer report of a probe is omitted
MAX_PROGRAM = 3_500  # in characters; reports cut texts at 4 000
MAX_LINES = 75
MAX_ARGUMENT = 160  # in characters; a longer description of an argument is cut
FEW = 9  # an array of at most this many entries is always written out
EXCEPTIONS = 6  # at most this many entries are assigned one by one after np.zeros or np.ones

LAYOUTS = {
    "contiguous": "{}",
    "fortran": "np.asfortranarray({})",
    "strided": "np.kron({0}, np.ones([2] * {0}.ndim, {0}.dtype))[(slice(None, None, 2),) * {0}.ndim]",
    "backwards": "np.flip(np.flip({}).copy())",
}


class NoProgram(Exception):
    """Raised if an input cannot be written as a program that runs."""


@dataclass
class PasteProgram:
    """The lines of a program, its last expression, and the value of that expression when the test failed."""

    expression: str
    value: Any
    lines: list[str] = field(default_factory=list)


def paste(kata: Kata, call: Call | None, fault: Exception) -> Counterexample:
    """Return the failing call as a program, or as a description in comments.

    The result is empty if there was no call (for example, if the test only read a file), or if the returned value
    cannot be written as code.
    """
    if call is None or (call.probe is None and call.name not in kata.entry_points):
        return Counterexample()
    with contextlib.suppress(Exception):  # without a program, return the description below
        found = _program(kata, call, fault)
        if len(found.text) <= MAX_PROGRAM and found.text.count("\n") < MAX_LINES:
            return found
    try:
        return _description(kata, call, fault)
    except Exception:  # noqa: BLE001 (a failure without a counterexample is still the submission's failure)
        return Counterexample()


# ------------------------------------------------------------------------------------------------ programs


def _program(kata: Kata, call: Call, fault: Exception) -> Counterexample:
    program = _called(kata, call, fault)
    text = "\n".join([*program.lines, program.expression])
    folders = [f"katas/{each.slug}" for each in (kata, *kata.earlier)]
    imports = [f'import sys; sys.path.insert(0, "{folders[0]}")']
    if kata.earlier:
        imports = [f"import sys; sys.path[:0] = {json.dumps(folders)}"]
    shown, outcome = _shown(program, call, fault)
    if "np." in text:
        imports += ["import numpy as np"]
    for name in kata.entry_points:
        if re.search(rf"\b{name}\(", text):
            imports += [f"from {module_of(kata, name)} import {name}"]
    return with_outcome([*imports, "", *program.lines, *shown], outcome)


def _called(kata: Kata, call: Call, fault: Exception) -> PasteProgram:
    if call.probe is None:
        names = _names(parameters(kata, call.name), call.arguments)
        lines = _assigned_all(names, call.arguments)
        spelled = [
            code(value) if isinstance(value, GeneratorSeed) else name
            for name, value in zip(names, call.arguments, strict=True)
        ]
        return PasteProgram(f"{call.name}({', '.join(spelled)})", call.value, [*_compared_with(call, fault), *lines])
    if call.probe.source == _common_source():
        return _COMMON[call.name](kata, call, fault)
    return _as_its_docstring_says(call, fault)


def _compared_with(call: Call, fault: Exception) -> list[str]:
    """Return the lines that show the previous call, if the failed test compared the answers of two calls."""
    before = call.before
    in_words = isinstance(fault, Mismatch) and type(fault.expected) is str and type(fault.actual) is not str
    if not in_words or before is None or before.name != call.name or before.fault is not None:
        return []
    line = f"{call.name}({', '.join(map(_spelled, before.arguments))})"
    shown = f"answer = {line}; print(answer.shape, answer.mean(), answer.std())" if is_large(before.value) else ""
    return [shown or f"print({line})", ""] if len(line) <= MAX_ARGUMENT else []


def _common_source() -> str:
    return COMMON_PROBES.read_text(encoding="utf-8")


def _as_its_docstring_says(call: Call, fault: Exception) -> PasteProgram:
    """Return the program that a probe's docstring gives after `Shown as:`.

    In that program, `{name}` is replaced by the value of the argument `name`, and `{name:def}` by the source of the
    function that this value names.
    """
    assert call.probe is not None
    template = call.probe.shown
    if not template or all(line.startswith("#") for line in template.splitlines()):
        raise NoProgram
    given = _given(call)
    *lines, expression = _filled(call, template, fault).splitlines()
    used = [name for name in given if re.search(rf"\b{name}\b", "\n".join([*lines, expression]))]
    assigned = [line for name in used for line in _assigned(name, given[name])]
    return PasteProgram(expression, call.value, [*assigned, *lines])


def _filled(call: Call, template: str, fault: Exception) -> str:
    assert call.probe is not None
    message = fault.message if isinstance(fault, Mismatch) else ""
    fields = {name: _Field(value, call.probe.source, message) for name, value in _given(call).items()}
    return template.format_map(fields)


def _given(call: Call) -> dict[str, Any]:
    """Return the values that a probe's `Shown as:` may use."""
    assert call.probe is not None
    return dict(zip(call.probe.parameters, call.arguments, strict=False)) | call.shown


@dataclass
class _Field:
    value: Any
    source: str
    message: str

    def __format__(self, how: str) -> str:
        if how == "def":  # insert the source of the function with this name
            for node in ast.parse(self.source).body:
                if isinstance(node, ast.FunctionDef) and node.name == self.value:
                    return ast.get_source_segment(self.source, node) or ""
            raise NoProgram
        if how == "brief":
            return _brief(self.value)
        if how == "shape":
            shapes = [str(np.shape(each)) for each in (self.value if type(self.value) is list else [self.value])]
            return ", ".join(shapes)
        if how == "failing":  # insert the expression that the message names, or all expressions
            named = [each for each in self.value if repr(each) in self.message or f"`{each}`" in self.message]
            return "\n".join(named[:1] or self.value)
        return str(self.value)


def _with_layout(kata: Kata, call: Call, fault: Exception) -> PasteProgram:
    """Return the program for `call_with_layout`, which shows the answer or an argument after the call."""
    name, layout, *arguments = call.arguments
    names = _names(parameters(kata, name), arguments)
    lines = _assigned_all(names, arguments)
    lines += [f"{each} = {LAYOUTS[layout].format(each)}" for each in names if layout != "contiguous"]
    expression = f"{name}({', '.join(names)})"
    if call.fault is not None:
        return PasteProgram(expression, None, lines)
    answer, *after = call.value
    if isinstance(fault, Mismatch):
        of_the_answer = access(answer, fault.actual) is not None
        for each, before, value in zip(names, arguments, after, strict=True):
            if same(value, fault.actual) and (not of_the_answer or same(before, fault.expected)):
                return PasteProgram(each, value, [*lines, expression])
    return PasteProgram(expression, answer, lines)


def _in_turn(kata: Kata, call: Call, fault: Exception) -> PasteProgram:
    """Return the program for `answers_of_calls`, which shows the wrong answer after its call or after all calls."""
    (calls,) = call.arguments
    lines: list[str] = []
    for number, (name, *arguments) in enumerate(calls, 1):
        names = [f"{each}_{number}" for each in _names(parameters(kata, name), arguments)]
        lines += [*_assigned_all(names, arguments), f"answer_{number} = {name}({', '.join(names)})"]
    if call.fault is not None:
        return PasteProgram(f"answer_{len(calls)}", None, lines)
    kept, returned = call.value
    actual = fault.actual if isinstance(fault, Mismatch) else None
    for number, (early, late) in enumerate(zip(kept, returned, strict=True), 1):
        if access(late, actual) is not None and identical(late, actual):
            return PasteProgram(f"answer_{number}", late, lines)
        if access(early, actual) is not None:
            end = lines.index(next(line for line in lines if line.startswith(f"answer_{number} =")))
            return PasteProgram(f"answer_{number}", early, lines[: end + 1])
    raise NoProgram


def _renewed(kata: Kata, call: Call, fault: Exception) -> PasteProgram:
    """Return the program for `answer_after_renewal`, which repeats a call with new numbers in the same arrays."""
    del fault
    name, arguments, numbers = call.arguments
    names = _names(parameters(kata, name), arguments)
    expression = f"{name}({', '.join(names)})"
    renewed = [f"{each}[...] = {_spelled(value)}" for each, value in zip(names, numbers, strict=True)]
    return PasteProgram(expression, call.value, [*_assigned_all(names, arguments), expression, *renewed])


_COMMON: dict[str, Callable[[Kata, Call, Exception], PasteProgram]] = {
    "call_with_layout": _with_layout,
    "answers_of_calls": _in_turn,
    "answer_after_renewal": _renewed,
}


# ------------------------------------------------------------------------- what is printed, and the outcome


def _shown(program: PasteProgram, call: Call, fault: Exception) -> tuple[list[str], Outcome]:
    if call.fault is not None:
        return [f"print({program.expression})"], _raised(call)
    actual = fault.actual if isinstance(fault, Mismatch) else None
    where = access(program.value, actual) if isinstance(fault, Mismatch) else None
    if where is None:
        return _whole(program, fault)
    assert isinstance(fault, Mismatch)
    expected, value = array_of(fault.expected), actual
    if is_large(value) and not isinstance(expected, np.ndarray):
        return _whole(PasteProgram(reached(program.expression, where), value), fault)
    if "expected dtype" in fault.message and isinstance(value, np.ndarray | np.generic):
        lines = [f"print({reached(program.expression, where)}.dtype)"]
        return lines, Outcome(str(np.asarray(expected).dtype), str(value.dtype))
    if not is_large(value) and not is_large(expected):
        return [f"print({reached(program.expression, where)})"], compared(expected, value)
    if getattr(value, "shape", 0) != getattr(expected, "shape", 0) or getattr(value, "dtype", 0) != getattr(
        expected, "dtype", 0
    ):
        lines = [f"answer = {reached(program.expression, where)}", "print(answer.shape, answer.dtype)"]
        if not isinstance(value, np.ndarray):
            lines = [f"print(type({reached(program.expression, where)}))"]
        return lines, Outcome(kind_of(expected), kind_of(value))
    place, count = first_wrong(np.asarray(expected), np.asarray(value))
    entry = f"answer[{', '.join(map(str, place))}]"
    lines = [f"answer = {reached(program.expression, where)}", f"print({entry})"]
    expected, value = np.asarray(expected), np.asarray(value)
    remark = f"{kind_of(value)}, wrong in {count} of {value.size} entries, first at {list(place)}"
    return lines, replace(compared(expected[place], value[place]), remark=remark)


def _whole(program: PasteProgram, fault: Exception) -> tuple[list[str], Outcome]:
    """Return the lines and the outcome for a wrong value that is not part of the answer, but computed from it."""
    expected = None
    if isinstance(fault, Mismatch) and isinstance(fault.expected, str):
        expected = expected_text(fault.expected)
    if not is_large(program.value):
        return [f"print({program.expression})"], Outcome(expected, actual_text(program.value))
    lines = [f"answer = {program.expression}", "print(answer.shape, answer.mean(), answer.std())"]
    value = np.asarray(program.value)
    numbers = f"mean {digits.number(value.mean())}, standard deviation {digits.number(value.std())}"
    return lines, Outcome(expected, f"{kind_of(value)}, {numbers}")


def _raised(call: Call) -> Outcome:
    if isinstance(call.fault, SubmissionError) and not hasattr(call.fault, "type_name"):
        return Outcome()  # the message describes the value, which cannot be written as code
    return Outcome(remark=f"raises {getattr(call.fault, 'type_name', type(call.fault).__name__)}")


# -------------------------------------------------------------------------------------------- descriptions


def _description(kata: Kata, call: Call, fault: Exception) -> Counterexample:
    """Describe the input in comments. Short arguments come first, because the decisive one is usually short."""
    lines, outcome = [], _described_outcome(call, fault)
    if call.probe is None:
        lines += [f"# {call.name}({', '.join(_names(parameters(kata, call.name), call.arguments))})"]
    elif call.probe.shown and all(line.startswith("#") for line in call.probe.shown.splitlines()):
        filled = [
            line if line.startswith("#") else f"# {line}"
            for line in _filled(call, call.probe.shown, fault).splitlines()
        ]
        return with_outcome([line for line in filled if line.strip() != "#"], outcome)
    elif call.probe.summary:
        lines += [f"# {call.probe.summary}"]
    names = _names(call.probe.parameters if call.probe else parameters(kata, call.name), call.arguments)
    described = [(name, _brief(value)) for name, value in zip(names, call.arguments, strict=True)]
    described.sort(key=lambda each: len(each[1]) > FEW * 4)
    lines += [f"# {name} = {text}" for name, text in described]
    return with_outcome(lines if lines or outcome.comments else ["#"], outcome)


def _described_outcome(call: Call, fault: Exception) -> Outcome:
    """Return the outcome of a call whose input is only described. Omit a probe's report if it is long."""
    if call.fault is not None:
        return _raised(call)
    if isinstance(fault, Mismatch) and fault.expected is None and fault.actual is None:
        return Outcome()
    if not isinstance(fault, Mismatch):
        return Outcome(actual=actual_text(call.value)) if len(code(call.value)) <= MAX_REPORT else Outcome()
    if is_large(array_of(fault.expected)) or is_large(fault.actual):
        return Outcome()  # the message says which entry is wrong
    return compared(array_of(fault.expected), fault.actual).without_long(2 * MAX_ARGUMENT)


def _brief(value: Any) -> str:
    """Describe a value in a line or two. Describe large arrays by shape and dtype, and round floats."""
    if is_large(value):
        return kind_of(value)
    if isinstance(value, list | tuple) and not isinstance(value, GeneratorSeed):
        left, right = "[]" if isinstance(value, list) else "()"
        text = left + ", ".join(_brief(each) for each in value) + right
    elif isinstance(value, dict):
        text = "{" + ", ".join(f"{key!r}: {_brief(each)}" for key, each in value.items()) + "}"
    else:
        text = code(value, digits.FEWEST).replace("\n    ", " ")
    return text if len(text) <= MAX_ARGUMENT else text[:MAX_ARGUMENT] + "…"


# -------------------------------------------------------------------------------------- names and assignments


def _names(parameter_names: Sequence[str], arguments: Sequence[Any]) -> list[str]:
    """Return a name for each argument, which is taken from the stub or made from the argument's position."""
    pairs = zip_longest(parameter_names[: len(arguments)], range(1, len(arguments) + 1))
    return [name or f"argument_{number}" for name, number in pairs]


def _assigned_all(names: Sequence[str], values: Sequence[Any]) -> list[str]:
    pairs = [(name, value) for name, value in zip(names, values, strict=True) if not isinstance(value, GeneratorSeed)]
    return [line for name, value in pairs for line in _assigned(name, value)]


def _assigned(name: str, value: Any) -> list[str]:
    """Return the lines that assign a variable.

    Arrays that consist almost only of zeros or ones are abbreviated with np.zeros or np.ones.
    """
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
