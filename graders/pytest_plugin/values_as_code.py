"""Writes plain values as Python expressions that a learner can paste."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from graders.checks import digits
from graders.wire import GeneratorSeed

MAX_ENTRIES = 400  # larger arrays are not written out
MAX_CHARACTERS = 12_000


def code(value: Any, most: int = 0) -> str:
    """Return a plain value as an expression. Large arrays become `...`, and long text is cut.

    Floats have at most `most` significant digits, or all their digits if `most` is 0.
    """
    text, length = [], 0
    for piece in _pieces(value, most):
        text.append(piece)
        length += len(piece)
        if length > MAX_CHARACTERS:  # a submission may return any number of values
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
