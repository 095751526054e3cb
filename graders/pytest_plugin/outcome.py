"""Writes values as Python expressions, and the expected and the actual value as comments below a failing call."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from graders.checks import digits
from graders.checks.arrays import is_tensor
from graders.wire import GeneratorSeed

MAX_SHOWN = 25  # an array with more entries is not written out
WIDTH = 70  # in characters; rows of arrays with three axes or more share a line up to this width
MAX_OUTCOME = 1_000  # in characters; longer values are cut
MAX_ENTRIES = 400  # larger arrays are not written out, unless they repeat
FEW = 9  # an array or a list with at most this many entries is always written out
MOST_REPEATED = 40  # an array that repeats at most this many entries is written as a repetition
MAX_CHARACTERS = 12_000
_BRACKETS: dict[type, tuple[str, str]] = {tuple: ("(", ")"), list: ("[", "]"), dict: ("{", "}")}

_EXPECTED, _ACTUAL, _MORE = "# expected: ", "# yours   : ", "#           "


@dataclass(frozen=True)
class Supplied:
    """A value that a program need not write out, because this expression gives it."""

    expression: str


@dataclass(frozen=True)
class Outcome:
    """The expected and the actual value as text, or None if not shown. `remark` is printed above them."""

    expected: str | None = None
    actual: str | None = None
    remark: str = ""

    @property
    def comments(self) -> list[str]:
        """The comment lines, in which the remark precedes the values."""
        values = [_comment(label, text) for label, text in ((_EXPECTED, self.expected), (_ACTUAL, self.actual))]
        return [f"# {self.remark}"] * bool(self.remark) + [each for each in values if each]

    def without_long(self, most: int) -> Outcome:
        """Return the outcome without the values whose comment is longer than `most` characters."""
        expected = None if len(_comment(_EXPECTED, self.expected)) > most else self.expected
        actual = None if len(_comment(_ACTUAL, self.actual)) > most else self.actual
        return replace(self, expected=expected, actual=actual)


@dataclass(frozen=True)
class Counterexample:
    """A failing call as `text`. `expected` and `actual` repeat the values in its last comments, or are empty."""

    text: str = ""
    expected: str = ""
    actual: str = ""


def with_outcome(lines: list[str], outcome: Outcome) -> Counterexample:
    """Return a counterexample that consists of these lines and the outcome below them."""
    return Counterexample("\n".join([*lines, *outcome.comments]), outcome.expected or "", outcome.actual or "")


def compared(expected: Any, actual: Any) -> Outcome:
    """Return both values with enough digits to show their difference."""
    most = digits.enough(expected, actual)
    return Outcome(expected_text(expected, most), actual_text(actual, most))


def expected_text(value: Any, most: int = digits.FEWEST) -> str:
    """Return an expected value as code. A string is already a description."""
    return _cut(value) if type(value) is str else actual_text(value, most)


def actual_text(value: Any, most: int = digits.FEWEST) -> str:
    """Return a value as code with at most `most` digits for floats, or a description of a large array."""
    value = value.item() if isinstance(value, np.float64 | np.int64 | np.bool_) else value
    return _cut(kind_of(value) if is_large(value) else code(value, most))


def array_of(value: Any) -> Any:
    """Return a torch tensor as an array, or as a number if it has no axes. Return other values unchanged."""
    return value.detach().cpu().numpy()[()] if is_tensor(value) else value


def kind_of(value: Any) -> str:
    """Describe a value by its type or, for an array, its shape and dtype."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}, dtype {value.dtype}"
    return f"a value of type {type(value).__name__}"


def is_large(value: Any) -> bool:
    """Return whether this is an array with too many entries to show."""
    return isinstance(value, np.ndarray) and value.size > MAX_SHOWN


def _cut(text: str) -> str:
    return text if len(text) <= MAX_OUTCOME else text[:MAX_OUTCOME] + "…"


def _comment(label: str, text: str | None) -> str:
    return "" if text is None else label + text.replace("\n", f"\n{_MORE}")


def code(value: Any, most: int = 0) -> str:
    """Return a plain value as an expression, with at most `most` digits of floats (0: all). A large array is `...`."""
    text = ""
    for piece in _pieces(value, most):
        text += piece
        if len(text) > MAX_CHARACTERS:  # a submission may return any number of values
            return text[:MAX_CHARACTERS] + "…"
    return text


def _pieces(value: Any, most: int) -> Iterator[str]:
    if is_tensor(value):
        value = value.detach().numpy()[()]
    kind = type(value)
    if kind is np.ndarray:
        yield _array(value, most)
    elif not most and (counted := _counted(value)):
        yield f"list({counted})"
    elif kind in _BRACKETS:
        left, right = _BRACKETS[kind]
        yield left
        for number, item in enumerate(value):
            yield ", " if number else ""
            if kind is dict:
                yield f"{_scalar(item)}: "
            yield from _pieces(value[item] if kind is dict else item, most)
        yield "," if kind is tuple and len(value) == 1 else ""
        yield right
    else:
        yield _scalar(value, most)


def _counted(value: Any) -> range | None:
    """Return the range with the items of a list that counts up, if it is long."""
    if type(value) is not list or len(value) <= FEW or not {int}.issuperset(map(type, value)):
        return None
    counted = range(value[0], value[0] + len(value))
    return counted if value == list(counted) else None


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
    if kind is Supplied:
        return str(value.expression)
    if kind is GeneratorSeed:
        return f"np.random.default_rng({value.seed})"
    text = repr(value)
    return text if len(text) <= 1000 else text[:1000] + "…"


def _array(array: np.ndarray, most: int = 0) -> str:
    if array.size == 0:
        return f"np.empty({array.shape}, dtype=np.{array.dtype.name})"
    flat = array.ravel()
    for period in range(1, 0 if most or array.size <= FEW else min(MOST_REPEATED, array.size // 4) + 1):
        if all(part[period:].tobytes() == part[:-period].tobytes() for part in (flat[:MAX_SHOWN], flat)):
            return f"np.resize({_array(flat[:period], most)}, {array.shape})"
    if array.size > MAX_ENTRIES:
        return "..."
    text = code(array.tolist(), most)
    if len(text) > 60 and array.ndim == 2:
        text = text.replace("], [", "],\n    [")
    elif len(text) > 60 and array.ndim > 2:  # as many rows in a line as fit
        rows = text.replace(" ", "\0").replace("],\0[", "], [")
        text = textwrap.fill(rows, WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
        text = text.replace("\0", " ")
    default = array.dtype in (np.float64, np.int64, np.bool_)
    return f"np.array({text})" if default else f"np.array({text}, dtype=np.{array.dtype.name})"
