"""Finds the first place where two plain values differ."""

from __future__ import annotations

import ast
import re
from typing import Any

import numpy as np


def kind_of(value: Any) -> str:
    """Describe a value by its type or, for an array, its shape and dtype."""
    if isinstance(value, np.ndarray):
        return f"an array of shape {value.shape}, dtype {value.dtype}"
    return f"a value of type {type(value).__name__}"


def first_wrong(expected: np.ndarray, actual: np.ndarray) -> tuple[tuple[int, ...], int]:
    """Return the first index where two arrays differ by more than rounding, and the number of such entries."""
    wrong = ~np.isclose(actual, expected, rtol=1e-6, atol=0, equal_nan=True) if expected.dtype.kind in "fc" else None
    if wrong is None or not wrong.any():
        wrong = actual != expected
    first = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
    return tuple(int(i) for i in first), int(wrong.sum())


def reached(expression: str, access: str) -> str:
    """Append an access, such as "[1]", to an expression. For a tuple literal, select the element instead."""
    found = re.match(r"\[(\d+)\]", access)
    tree = ast.parse(expression, mode="eval").body
    if found and isinstance(tree, ast.Tuple):
        element = ast.get_source_segment(expression, tree.elts[int(found[1])]) or ""
        return element + access[found.end() :]
    return f"({expression}){access}" if access and isinstance(tree, ast.BinOp | ast.Tuple) else expression + access


def access(value: Any, part: Any, depth: int = 2) -> str | None:
    """Return the only suffix that selects `part` from an answer ("[1]", ".shape", or "" for all of it), or None."""
    if same(value, part):
        return ""
    if isinstance(value, np.ndarray) and type(part) is tuple and value.shape == part:
        return ".shape"
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, tuple | list) else ()
    items = list(pairs)
    found = [f"[{key!r}]" for key, item in items if identical(item, part)]
    found = found or [f"[{key!r}]" for key, item in items if same(item, part)]
    if not found and depth > 1:
        deeper = [(key, access(item, part, depth - 1)) for key, item in items if isinstance(item, tuple | list | dict)]
        found = [f"[{key!r}]{path}" for key, path in deeper if path is not None]
    return found[0] if len(found) == 1 else None


def identical(value: Any, part: Any) -> bool:
    """Return whether both values are the same object. Singletons and interned values do not count."""
    return value is part and not isinstance(part, bool | int | str | None)


def same(value: Any, part: Any) -> bool:
    """Return whether two values are equal in type, dtype, shape and content. A NaN equals a NaN."""
    if type(value) is not type(part):
        return False
    if isinstance(value, np.ndarray):
        return value.dtype == part.dtype and np.array_equal(value, part, equal_nan=value.dtype.kind in "fc")
    if isinstance(value, tuple | list):
        return len(value) == len(part) and all(map(same, value, part))
    if isinstance(value, dict):
        return value.keys() == part.keys() and all(same(value[key], part[key]) for key in value)
    return value is part or bool(value == part) or (value != value and part != part)
