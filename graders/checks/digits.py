"""Formats numbers with just enough digits to show that two values differ."""

from __future__ import annotations

from typing import Any

import numpy as np

FEWEST = 5
DIGITS = (FEWEST, 8, 12, 17)  # numbers of significant digits; 17 digits distinguish any two float64 values


def enough(expected: object, actual: object) -> int:
    """Return the fewest significant digits that tell the two values apart, or FEWEST if the values are equal."""
    left, right = _floats(expected), _floats(actual)
    if len(left) == len(right):
        for digits in DIGITS:
            if any(rounded(one, digits) != rounded(other, digits) for one, other in zip(left, right, strict=True)):
                return digits
    return FEWEST


def rounded(value: float, digits: int) -> str:
    """Format a float with at most `digits` significant digits. Whole numbers below 2**53 keep all their digits."""
    if abs(value) < 2**53 and float(value).is_integer():
        return repr(float(value))
    return repr(float(f"{float(value):.{digits}g}"))


def pair(expected: Any, actual: Any) -> tuple[str, str]:
    """Format two numbers for a message, with enough digits to tell floats apart."""
    digits = enough(expected, actual)
    return number(expected, digits), number(actual, digits)


def number(value: Any, digits: int = FEWEST) -> str:
    """Format a float or a complex number with at most `digits` significant digits, and any other value in full."""
    value = value.item() if isinstance(value, np.generic | np.ndarray) and np.ndim(value) == 0 else value
    if isinstance(value, complex):
        return repr(complex(float(rounded(value.real, digits)), float(rounded(value.imag, digits))))
    return rounded(float(value), digits) if isinstance(value, float | np.floating) else str(value)


def _floats(value: Any) -> list[float]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        return [each for item in value for each in _floats(item)]
    if isinstance(value, np.ndarray | np.generic | float | int | complex):
        flat = np.asarray(value).reshape(-1)
        if flat.dtype.kind in "biufc":
            parts = np.stack([flat.real, flat.imag], axis=1).reshape(-1) if flat.dtype.kind == "c" else flat
            return list(map(float, parts.tolist()))
    return []
