"""Finds the part of an answer that a check has compared with the expected value."""

from __future__ import annotations

import ast
import re
from typing import Any

import numpy as np


def access(value: Any, part: Any, depth: int = 4, *, first: bool = False) -> str | None:
    """Return the suffix that selects `part` from an answer ("[1]", ".shape", or "" for all of it), or None.

    It is None if there are several, unless the `first` is wanted.
    """
    if same_part(value, part):
        return ""
    if isinstance(value, np.ndarray) and type(part) is tuple and value.shape == part:
        return ".shape"
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, tuple | list) else ()
    items = list(pairs)
    found = [f"[{key!r}]" for key, item in items if identical(item, part)]
    found = found or [f"[{key!r}]" for key, item in items if same_part(item, part)]
    if not found and depth > 1:
        parts = [(key, item) for key, item in items if isinstance(item, tuple | list | dict)]
        deeper = [(key, access(item, part, depth - 1, first=first)) for key, item in parts]
        found = [f"[{key!r}]{path}" for key, path in deeper if path is not None]
    return found[0] if len(found) == 1 or (found and first) else None


def identical(value: Any, part: Any) -> bool:
    """Return whether both values are the same object. Singletons and interned values do not count."""
    return value is part and not isinstance(part, bool | int | str | None)


def holds(value: Any, part: Any) -> bool:
    """Return whether `part` is this very object, or one of the items of this tuple or list."""
    items = value if isinstance(value, tuple | list) else ()
    return identical(value, part) or any(identical(item, part) for item in items)


def same_part(value: Any, part: Any) -> bool:
    """Return whether two values are equal in type, dtype, shape and content. A NaN equals a NaN."""
    if type(value) is not type(part):
        return False
    if isinstance(value, np.ndarray):
        return value.dtype == part.dtype and np.array_equal(value, part, equal_nan=value.dtype.kind in "fc")
    if isinstance(value, tuple | list):
        return len(value) == len(part) and all(map(same_part, value, part))
    if isinstance(value, dict):
        return value.keys() == part.keys() and all(same_part(value[key], part[key]) for key in value)
    return value is part or bool(value == part) or (value != value and part != part)


def part_at(value: Any, where: str) -> Any:
    """Return the part of an answer that a suffix from `access` selects."""
    for key in re.findall(r"\[(.+?)\]", where):
        value = value[ast.literal_eval(key)]
    return value.shape if where.endswith(".shape") else value
