"""Turns a failing call into a program that a learner can paste into Python, or into a description in comments.

The program runs in the repository's root. Learners do not know the probes, so the program for a probe shows what the
probe does. Functions below write it for the common probes. The docstrings of other probes contain it after `Shown as:`,
as Python code that uses the names of the probe's parameters.
"""

from __future__ import annotations

import ast
import contextlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from inspect import signature
from itertools import islice, pairwise, zip_longest
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from graders.catalogue import COMMON_PROBES, Kata
from graders.checks import digits
from graders.checks.mismatch import Mismatch, TooSlow
from graders.checks.recipes import GIVEN, Recipe
from graders.errors import RemoteFault, SubmissionError
from graders.pytest_plugin.excerpt import excerpt, names_bound_by
from graders.pytest_plugin.handle import Call, Probe, module_of, parameters
from graders.pytest_plugin.outcome import (
    FEW,
    Counterexample,
    Outcome,
    Supplied,
    actual_text,
    array_of,
    code,
    compared,
    expected_text,
    is_large,
    kind_of,
    with_outcome,
)
from graders.pytest_plugin.parts import access, holds, part_at, same_part
from graders.pytest_plugin.repetition import Later
from graders.wire import GeneratorSeed

MAX_REPORT = 200  # in characters; a longer report of a probe is omitted
MAX_PROGRAM = 3_500  # in characters; reports cut texts at 4 000
MAX_LINES = 75
MOST_EXCERPT = 40  # a visible probe with more lines is imported instead of shown
MAX_ARGUMENT = 160  # in characters; a longer description of an argument is cut
EXCEPTIONS = 6  # at most this many entries, or runs of equal ones, are assigned after np.zeros or np.ones

LAYOUTS = {
    "contiguous": "{}",
    "fortran": "np.asfortranarray({})",
    "strided": "np.kron({0}, np.ones([2] * {0}.ndim, {0}.dtype))[(slice(None, None, 2),) * {0}.ndim]",
    "backwards": "np.flip(np.flip({}).copy())",
}


NUMPY = "import numpy as np"


class NoProgram(Exception):
    """Raised if an input cannot be written as a program that runs."""


@dataclass
class PasteProgram:
    """The lines of a program, its last expression, and the value of that expression when the test failed."""

    expression: str
    value: Any
    lines: list[str] = field(default_factory=list)
    whole: list[str] = field(default_factory=list)  # the lines of the whole call, if the expression isn't one
    imports: list[str] = field(default_factory=list)  # of the submission; by default, of the functions that are called


def paste(
    kata: Kata, call: Call | None, fault: Exception, depends: Later | None = None, tests: ModuleType | None = None
) -> Counterexample:
    """Return the failing call as a program or a description, which is empty if there was no call or it has no code.

    `depends` says how the wrong answer depends on earlier calls, if it does. The program then makes such a call first.
    `tests` is the visible test file, from which the program may take large values.
    """
    if call is None or (call.probe is None and call.name not in kata.entry_points):
        return Counterexample()
    with contextlib.suppress(Exception):  # without a program, return the description below
        supplied = _supplied_call(call, _sources(kata, call, tests))
        found = _program(kata, supplied, fault, depends)
        if f"{GIVEN}." in found.text and (tests is not None or call.recipes):
            name = f"test_{kata.slug}" if tests is None else Path(str(tests.__file__)).stem
            given = f"import {name} as {GIVEN}"
            found = replace(found, text=re.sub("^import sys;.*$", rf"\g<0>\n{given}", found.text, count=1, flags=re.M))
        if len(found.text) <= MAX_PROGRAM and found.text.count("\n") < MAX_LINES:
            return found
    with contextlib.suppress(Exception):  # a failure without a counterexample is still the submission's failure
        return _description(kata, call, fault)
    return Counterexample()


# ------------------------------------------------------------------------------------------------ programs


def _program(kata: Kata, call: Call, fault: Exception, depends: Later | None) -> Counterexample:
    if depends is not None:
        fault, call = _in_a_new_process(call, fault, depends), replace(call, value=depends.value)
    if call.probe is None:
        program = _direct(kata, call, fault)
    elif call.probe.source == COMMON_PROBES.read_text(encoding="utf-8"):
        program = _COMMON[call.name](kata, call, fault)
    elif call.probe.shown:
        program = _as_its_docstring_says(call, call.probe, fault)
    else:
        program = _with_its_source(kata, call, call.probe)
    if depends is not None and depends.before is not None:
        before = depends.before
        if before.ask is not call.ask:
            program.lines = [_call(before), "", *program.lines]
        elif program.whole:
            program.lines = [*program.whole, *program.lines]
        else:
            program.lines = [*program.lines, program.expression]
    text = "\n".join([*program.lines, program.expression])
    folders = [f"katas/{each.slug}" for each in (kata, *kata.earlier)]
    imports = [f'import sys; sys.path.insert(0, "{folders[0]}")']
    if kata.earlier:
        imports = [f"import sys; sys.path[:0] = {json.dumps(folders)}"]
    program.lines = [line for line in program.lines if line != NUMPY]
    if "np." in text and NUMPY not in program.imports:
        imports += [NUMPY]
    if program.imports:
        imports = ["from __future__ import annotations", *imports, *program.imports]
    else:
        used = [name for name in kata.entry_points if re.search(rf"(?<!\.)\b{name}\(", text)]
        imports += [f"from {module_of(kata, name)} import {name}" for name in used]
    shown, outcome = _shown(program, call, fault)
    if depends is not None and depends.before is None:
        outcome = Outcome(remark="the test got another answer than this program may print")
    if program.imports:  # a probe may return more than a report should show
        outcome = outcome.without_long(2 * MAX_ARGUMENT)
    return with_outcome([*imports, "", *program.lines, *shown], outcome)


def _in_a_new_process(call: Call, fault: Exception, depends: Later) -> Exception:
    """Return the fault with what a new process answered after another call. Raises NoProgram if it answered rightly."""
    if isinstance(fault, RemoteFault) and depends.before is not None:
        return fault
    if not isinstance(fault, Mismatch) or type(depends.value) is not type(call.value):
        raise NoProgram
    where = access(call.value, fault.actual)
    if where is None and depends.before is None:
        return fault
    if where is None:
        raise NoProgram
    value = part_at(depends.value, where)
    if same_part(value, fault.expected):
        raise NoProgram
    return Mismatch(fault.message, fault.expected, value)


def _call(call: Call) -> str:
    """Return a call of a learner's function as one line."""
    text = f"{call.name}({', '.join(map(_spelled, call.arguments))})"
    if call.probe is not None or len(text) > MAX_ARGUMENT:
        raise NoProgram
    return text


def _direct(kata: Kata, call: Call, fault: Exception) -> PasteProgram:
    """Return the program for a call of a learner's function, after the call whose answer was compared with this one."""
    names = _names(parameters(kata, call.name), call.arguments)
    lines = _assigned_all(names, call.arguments)
    before = call.before
    in_words = _is_in_words(fault) and type(fault.actual) is not str  # type: ignore[attr-defined]
    if in_words and before is not None and before.name == call.name and before.fault is None:
        with contextlib.suppress(NoProgram):
            earlier = _call(before)
            large = f"answer = {earlier}; print(answer.shape, answer.mean(), answer.std())"
            lines = [large if is_large(before.value) else f"print({earlier})", "", *lines]
    return PasteProgram(f"{call.name}({_passed(names, call.arguments)})", call.value, lines)


def _as_its_docstring_says(call: Call, probe: Probe, fault: Exception) -> PasteProgram:
    """Return the probe's `Shown as:`, with {name} replaced by an argument, and {name:def} by a function's source."""
    if _comments(call, probe, fault):
        raise NoProgram
    *lines, expression = _filled(call, probe, fault).splitlines()
    text = "\n".join([*lines, expression])
    used = {name: value for name, value in _given(call, probe).items() if re.search(rf"\b{name}\b(?!=[^=])", text)}
    assigned = [line for name, value in used.items() for line in _assigned(name, value)]
    whole = [*assigned, *lines, expression] if lines else []
    return PasteProgram(expression, call.value, [*assigned, *lines], whole)


def _with_its_source(kata: Kata, call: Call, probe: Probe) -> PasteProgram:
    """Return a program that contains the probe and calls it."""
    imports, lines = excerpt(probe.source, probe.name)
    if len(lines) > MOST_EXCERPT and probe.file.startswith("katas/"):
        imports, lines = [f"from {Path(probe.file).stem} import {probe.name}"], []
    submission = kata.modules[0]
    if len(kata.modules) > 1:
        submission = "submission"
        imports += ["from graders.worker.loading import Namespace"]
        lines += [f"submission = Namespace({json.dumps(kata.modules)})"]
    else:
        imports += [f"import {submission}"]
    taken = {each for node in ast.parse("\n".join([*imports, *lines])).body for each in names_bound_by(node)}
    names = [f"{name}_" if name in taken else name for name in _names(probe.parameters, call.arguments)]
    lines += [f"# {probe.summary}"] * bool(probe.summary) + _assigned_all(names, call.arguments)
    passed = _passed([submission, *names], [None, *call.arguments])
    return PasteProgram(f"{probe.name}({passed})", call.value, lines, imports=imports)


def _comments(call: Call, probe: Probe, fault: Exception) -> str:
    """Return what a probe's `Shown as:` says in comments, or "" if it is a program or missing."""
    with contextlib.suppress(NoProgram):
        filled = _filled(call, probe, fault)
        if any(all(line.startswith("#") for line in text.splitlines()) for text in (probe.shown, filled)):
            return filled
    return ""


def _filled(call: Call, probe: Probe, fault: Exception) -> str:
    message = fault.message if isinstance(fault, Mismatch) else ""
    given = _given(call, probe)
    return probe.shown.format_map({name: _Field(value, probe.source, message) for name, value in given.items()})


def _given(call: Call, probe: Probe) -> dict[str, Any]:
    """Return the values that a probe's `Shown as:` may use."""
    return dict(zip(probe.parameters, call.arguments, strict=False)) | call.shown


@dataclass
class _Field:
    value: Any
    source: str
    message: str

    def __format__(self, how: str) -> str:
        if how == "def":  # insert the source of the function with this name, and what it needs
            imports, lines = excerpt(self.source, self.value)
            return "\n".join([*imports, *lines]).rstrip()
        if how == "brief":
            return _brief(self.value)
        if how == "shape":
            values = self.value if type(self.value) is list else [self.value]
            return ", ".join(str(np.shape(each)) for each in values)
        if how == "failing":  # insert the expression that the message names, or all expressions
            named = [each for each in self.value if repr(each) in self.message or f"`{each}`" in self.message]
            return ", ".join(named[:1] or self.value)
        return self.value if type(self.value) is str else _spelled(self.value)


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
        in_answer = access(answer, fault.actual) is not None
        for each, before, value in zip(names, arguments, after, strict=True):
            if same_part(value, fault.actual) and (not in_answer or same_part(before, fault.expected)):
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
    actual = fault.actual if isinstance(fault, Mismatch) else None
    kept, returned = call.value
    for number, late in enumerate(returned, 1):
        if holds(late, actual):
            return PasteProgram(f"answer_{number}", late, lines, lines)
    number = next(
        (n for n, early in enumerate(kept, 1) if holds(early, actual)),
        next((n for n, early in enumerate(kept, 1) if access(early, actual) is not None), 0),
    )
    if number:
        end = lines.index(next(line for line in lines if line.startswith(f"answer_{number} =")))
        return PasteProgram(f"answer_{number}", kept[number - 1], lines[: end + 1], lines)
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
    """Return the last lines of the program, which print the wrong value, and the outcome."""
    printing = program.expression.startswith("print(")  # it prints what helps, and the message says what is wrong
    if call.fault is not None or printing:
        outcome = _raised(call) if call.fault is not None else Outcome()
        return [program.expression if printing else f"print({program.expression})"], outcome
    where = access(program.value, fault.actual) if isinstance(fault, Mismatch) else None
    if not isinstance(fault, Mismatch) or where is None:
        return _whole(program, fault)
    expected: Any = array_of(fault.expected)
    value: Any = fault.actual
    part = reached(program.expression, where)
    if is_large(value) and not isinstance(expected, np.ndarray):
        return _whole(PasteProgram(part, value), fault)
    same_shape = getattr(value, "shape", 0) == getattr(expected, "shape", 0)
    if "dtype" in fault.message and same_shape and isinstance(expected, np.ndarray) and value.dtype != expected.dtype:
        return [f"print({part}.dtype)"], Outcome(str(expected.dtype), str(value.dtype))
    if not is_large(value) and not is_large(expected):
        return [f"print({part})"], _compared(fault, expected, value)
    if not same_shape:
        lines = [f"answer = {part}", "print(answer.shape, answer.dtype)"]
        if not isinstance(value, np.ndarray):
            lines = [f"print(type({part}))"]
        return lines, Outcome(kind_of(expected), kind_of(value))
    expected, value = np.asarray(expected), np.asarray(value)
    place, count = named_place(fault, value) or first_wrong(expected, value)
    lines = [f"answer = {part}", f"print(answer[{', '.join(map(str, place))}])"]
    remark = f"{kind_of(value)}, wrong in {count} of {value.size} entries, first at {list(place)}"
    return lines, replace(compared(expected[place], value[place]), remark=remark)


def _compared(fault: Mismatch, expected: Any, actual: Any) -> Outcome:
    """Return both values, but no expected one if the check names none, because many are right."""
    outcome = compared(expected, actual)
    return outcome if expected is not None or "None" in fault.message else replace(outcome, expected=None)


def _whole(program: PasteProgram, fault: Exception) -> tuple[list[str], Outcome]:
    """Return the lines and the outcome for a wrong value that is not part of the answer, but computed from it."""
    expected = expected_text(fault.expected) if _is_in_words(fault) else None  # type: ignore[attr-defined]
    if not is_large(program.value):
        actual = actual_text(program.value)
        return [f"print({program.expression})"], Outcome(expected, None if "..." in actual else actual)
    lines = [f"answer = {program.expression}", "print(answer.shape, answer.mean(), answer.std())"]
    value = np.asarray(program.value)
    numbers = f"mean {digits.number(value.mean())}, standard deviation {digits.number(value.std())}"
    return lines, Outcome(expected, f"{kind_of(value)}, {numbers}")


def _is_in_words(fault: Exception) -> bool:
    """Return whether the fault says in words what the answer should be. Of a race, it says how long it may take."""
    return isinstance(fault, Mismatch) and isinstance(fault.expected, str) and not isinstance(fault, TooSlow)


def _raised(call: Call) -> Outcome:
    fault = call.fault.__cause__ if isinstance(call.fault, Mismatch) else call.fault
    if fault is None or (isinstance(fault, SubmissionError) and not hasattr(fault, "type_name")):
        return Outcome()  # the message describes the value, which cannot be written as code
    return Outcome(remark=f"raises {getattr(fault, 'type_name', type(fault).__name__)}")


# -------------------------------------------------------------------------------------------- descriptions


def _description(kata: Kata, call: Call, fault: Exception) -> Counterexample:
    """Describe the input in comments. Short arguments come first, because the decisive one is usually short."""
    outcome = _described_outcome(call, fault)
    if call.probe and (comments := _comments(call, call.probe, fault)):
        lines = [line if line.startswith("#") else f"# {line}" for line in comments.splitlines()]
        return with_outcome([line for line in lines if line.strip() != "#"], outcome)
    names = _names(call.probe.parameters if call.probe else parameters(kata, call.name), call.arguments)
    title = call.probe.summary if call.probe else f"{call.name}({', '.join(names)})"
    described = [(name, _brief(call.shown.get(name, value))) for name, value in zip(names, call.arguments, strict=True)]
    described.sort(key=lambda each: len(each[1]) > FEW * 4)
    lines = [f"# {title}"] * bool(title) + [f"# {name} = {text}" for name, text in described]
    return with_outcome(lines if lines or outcome.comments else ["#"], outcome)


def _described_outcome(call: Call, fault: Exception) -> Outcome:
    """Return the outcome of a call whose input is only described. Omit a probe's report if it is long."""
    if call.fault is not None:
        return _raised(call)
    if isinstance(fault, Mismatch) and fault.expected is None and fault.actual is None:
        return Outcome()
    if not isinstance(fault, Mismatch):
        return Outcome(actual=actual_text(call.value)).without_long(MAX_REPORT)
    if is_large(array_of(fault.expected)) or is_large(fault.actual):
        return Outcome()  # the message says which entry is wrong
    return _compared(fault, array_of(fault.expected), fault.actual).without_long(2 * MAX_ARGUMENT)


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


def _passed(names: Sequence[str], values: Sequence[Any]) -> str:
    """Return the arguments of a call as code: the names, but each random generator written out, where it is new."""
    pairs = zip(names, values, strict=True)
    return ", ".join(code(value) if isinstance(value, GeneratorSeed) else name for name, value in pairs)


def _assigned_all(names: Sequence[str], values: Sequence[Any]) -> list[str]:
    pairs = [(name, value) for name, value in zip(names, values, strict=True) if not isinstance(value, GeneratorSeed)]
    return [line for name, value in pairs for line in _assigned(name, value)]


def _assigned(name: str, value: Any) -> list[str]:
    """Return the lines that assign a variable, and each entry of a dict with large arrays.

    Arrays of zeros or ones, up to a few entries and runs of equal entries, and arrays that repeat are abbreviated.
    """
    if type(value) is dict and any(type(each) is np.ndarray and each.size > FEW for each in value.values()):
        return [
            f"{name} = {{}}",
            *(line for key, each in value.items() for line in _assigned(f"{name}[{key!r}]", each)),
        ]
    if type(value) is not np.ndarray or value.size <= FEW or value.dtype.kind not in "biuf" or value.itemsize > 8:
        return [f"{name} = {_spelled(value)}"]
    for number, maker in ((0, "zeros"), (1, "ones")):
        runs = list(islice(_runs(value.ravel(), number), EXCEPTIONS + 1))
        if len(runs) <= EXCEPTIONS:
            dtype = "" if value.dtype == np.float64 else f", dtype=np.{value.dtype.name}"
            lines = [f"{name} = np.{maker}({value.shape}{dtype})"]
            for start, stop in runs:
                place = [int(i) for i in np.unravel_index(start, value.shape)]
                where = f".flat[{start}:{stop}]" if stop > start + 1 else str(place)
                lines.append(f"{name}{where} = {code(value.flat[start].item())}")
            return lines
    return [f"{name} = {_spelled(value)}"]


def _runs(flat: np.ndarray, number: int) -> Iterator[tuple[int, int]]:
    """Yield where each run of equal entries other than the number starts and stops."""
    bits = flat.view(f"u{flat.itemsize}")  # so that 0.0 and -0.0 differ
    usual = np.array(number, flat.dtype).view(bits.dtype)
    starts = [0, *(np.flatnonzero(bits[1:] != bits[:-1]) + 1).tolist()]
    for start, stop in pairwise([*starts, len(flat)]):
        if bits[start] != usual:
            yield start, stop


def _spelled(value: Any) -> str:
    text = code(value)
    if "..." in text or "…" in text:
        raise NoProgram
    return text


# ------------------------------------------------- values that the visible test file has, or that a recipe makes


def _sources(kata: Kata, call: Call, tests: ModuleType | None) -> list[Recipe]:
    """Return the values that a program can make or take from the visible test file, and the answer to the call before.

    The newest recipes come first. Between two calls without a probe, a test must not change the arguments of the first.
    """
    found, before = [*call.recipes], call.before
    for name, known in vars(tests).items() if tests is not None else ():
        if name.startswith("_"):
            continue
        if hasattr(known, "cache_info") and known.cache_info().currsize and not signature(known).parameters:
            found.append(Recipe(known(), f"{GIVEN}.{name}()"))
        elif isinstance(known, np.ndarray | tuple | list | dict):
            found.append(Recipe(known, f"{GIVEN}.{name}"))
    if call.probe is None and before is not None and before.fault is None and before.name in kata.entry_points:
        with contextlib.suppress(NoProgram):
            found.append(Recipe(before.value, _call(_supplied_call(before, found))))
    return found


def _supplied_call(call: Call, sources: Sequence[Recipe]) -> Call:
    """Return the call with an expression in the place of each large part of its arguments, where there is one."""
    arguments = tuple(_supplied(sources, each) for each in call.arguments)
    return replace(call, arguments=arguments, shown=_supplied(sources, call.shown))


def _supplied(sources: Sequence[Recipe], value: Any) -> Any:
    """Return the value with an expression in the place of each large part, where there is one."""
    if isinstance(value, GeneratorSeed):
        return value
    text = code(value)
    if "..." not in text and len(text) < MAX_ARGUMENT:
        return value
    for source in sources:
        where = _place_in(source.value, value)
        if where is not None:
            return Supplied(source.expression + where)
    if type(value) in (tuple, list):
        return type(value)(_supplied(sources, each) for each in value)
    return {key: _supplied(sources, each) for key, each in value.items()} if type(value) is dict else value


def _place_in(known: Any, value: Any) -> str | None:
    """Return the suffix that selects a value, which may be some rows of an array, or None."""
    where = access(known, value, first=True)
    if where is None:
        parts = known.items() if type(known) is dict else enumerate(known) if type(known) is tuple else ()
        arrays = [("", known), *((f"[{key!r}]", part) for key, part in parts)]
        where = next((place + rows for place, array in arrays if (rows := _rows_in(array, value))), None)
    return where


def _rows_in(known: Any, value: Any) -> str:
    """Return the slice of an array's rows that has this value, or "". It begins with the first row, or is a view."""
    if not isinstance(known, np.ndarray) or not isinstance(value, np.ndarray) or not known.ndim or not known.strides[0]:
        return ""
    start = (value.ctypes.data - known.ctypes.data) // known.strides[0] if np.may_share_memory(known, value) else 0
    rows = slice(start, start + len(value))
    return f"[{start or ''}:{rows.stop}]" if start >= 0 and same_part(known[rows], value) else ""


# -------------------------------------------------------------------------- the part that differs


def named_place(fault: Mismatch, value: np.ndarray) -> tuple[tuple[int, ...], int] | None:
    """Return the index in an array that the message names, and the number of wrong entries, or None."""
    found = re.match(r".* at \[([\d, ]+)\].*?\((\d+) of \d+ elements", fault.message)
    place = tuple(map(int, found[1].split(", "))) if found else ()
    fits = len(place) == value.ndim and all(i < n for i, n in zip(place, value.shape, strict=True))
    return (place, int(found[2])) if found and fits else None


def first_wrong(expected: np.ndarray, actual: np.ndarray) -> tuple[tuple[int, ...], int]:
    """Return the first index where two arrays differ by more than rounding, and the number of such entries."""
    wrong = ~np.isclose(actual, expected, rtol=1e-6, atol=0, equal_nan=True) if expected.dtype.kind in "fc" else None
    if wrong is None or not wrong.any():
        wrong = actual != expected
    first = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
    return tuple(int(i) for i in first), int(wrong.sum())


def reached(expression: str, access: str) -> str:
    """Append an access, such as "[1]", to an expression, or select the element of a literal tuple, list or dict.

    An element without a call is not selected from a literal with one, because the call may change the element.
    """
    tree = literal = ast.parse(expression, mode="eval").body
    whole = access
    while found := re.match(r"\[(\d+|'[^']*')\]", access):
        key = ast.literal_eval(found[1])
        if isinstance(tree, ast.Tuple | ast.List):
            tree = tree.elts[key]
        elif isinstance(tree, ast.Dict):
            pairs = zip(tree.keys, tree.values, strict=True)
            tree = next(value for name, value in pairs if name is not None and ast.literal_eval(name) == key)
        else:
            break
        access = access[found.end() :]
    if _calls(literal) and not _calls(tree):
        tree, access = literal, whole
    element = ast.get_source_segment(expression, tree) or ""
    return f"({element}){access}" if access and isinstance(tree, ast.BinOp | ast.Tuple) else element + access


def _calls(tree: ast.expr) -> bool:
    return any(isinstance(each, ast.Call) for each in ast.walk(tree))
