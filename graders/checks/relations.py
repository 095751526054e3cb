"""Says how a wrong answer is related to the right one, such as that it is transposed. advice.toml says what to do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from graders.checks.digits import number
from graders.checks.draw import Array

LARGEST = 100_000  # larger arrays are not compared
NUMBERS = np.ndarray | np.number | float | int


def relations(expected: Any, actual: Any, arguments: Mapping[str, Any]) -> set[str]:
    """Return true statements about an answer that a check has rejected. `arguments` are those of its call, by name."""
    if actual is None:
        return {"the result is None"}
    if isinstance(actual, list | tuple) and isinstance(expected, np.ndarray):
        return {f"the result is a {type(actual).__name__}, not an array"}
    if isinstance(actual, np.ndarray) and isinstance(expected, str):
        return {"the result is one array, not a tuple"}
    if not (isinstance(actual, NUMBERS) and isinstance(expected, NUMBERS)) or type(expected) is bool:
        return set()
    wanted, found = np.asarray(expected), np.asarray(actual)
    if any(each.dtype.kind not in "biuf" or not 0 < each.size <= LARGEST for each in (wanted, found)):
        return set()
    wanted = wanted.astype(float)
    with np.errstate(all="ignore"):
        variations = _variations(wanted, found, arguments).items()
        said = {text for text, value in variations if _near(found, value) and not _near(value, wanted)}
        return said | {*(_of_shapes if found.shape != wanted.shape else _of_places)(wanted, found)}


def _near(left: Array, right: Array) -> bool:
    return left.shape == right.shape and bool(np.allclose(left, right, rtol=1e-6, atol=1e-12))


def _variations(wanted: Array, found: Array, arguments: Mapping[str, Any]) -> dict[str, Array]:
    """Return what a frequent mistake makes of the right answer."""
    place = np.unravel_index(np.argmax(abs(wanted)), wanted.shape)
    factor = found[place] / wanted[place] if found.shape == wanted.shape else np.nan  # NaN is near nothing
    factor = factor if np.isfinite(factor) else np.nan
    right = "the result is the expected one"
    values = {
        f"{right}, transposed": wanted.T,
        f"{right} with the opposite sign": -wanted,
        f"{right} without its sign": abs(wanted),
        f"{right} squared": wanted**2,
        f"{right} under a square root": np.sqrt(wanted),
        f"{right} without its decimals": np.trunc(wanted),
        f"the result is {number(float(factor))} times the expected one": factor * wanted,
        "every number is 0": 0 * wanted,
    }
    if wanted.size > 1:
        values |= {f"{right}, all elements summed": wanted.sum(), f"{right}, all elements averaged": wanted.mean()}
    for axis, name in enumerate(("column", "row") if wanted.ndim == 2 else ()):
        values[f"{right}, each {name} summed"] = wanted.sum(axis)
        values[f"{right}, each {name} averaged"] = wanted.mean(axis)
    for name, value in arguments.items():
        given = np.asarray(value) if isinstance(value, NUMBERS) else np.zeros(())
        for axis, n in enumerate(given.shape):
            for factor, text in ((n, "n"), (1 / n, "1/n")):
                values[f"the result is {text} times the expected one (n: axis {axis} of {name})"] = factor * wanted
        if given.dtype.kind in "iuf" and given.shape == wanted.shape[max(wanted.ndim - given.ndim, 0) :]:
            values[f"the result is the argument {name} itself"] = given + 0 * wanted
            values[f"the result lacks the summand {name}"] = wanted - given
            values[f"the result has the summand {name} once too often"] = wanted + given
            values[f"the result has the summand {name} with the opposite sign"] = wanted - 2 * given
    return values


def _of_shapes(wanted: Array, found: Array) -> Iterator[str]:
    """Yield statements about an answer of the wrong shape."""
    if _near(found.ravel(), wanted.ravel()):
        yield "the numbers are right, but their shape is not"
        if found.squeeze().shape == wanted.squeeze().shape:
            yield "the numbers are right, but an axis of length 1 is missing or too many"
    for axis, length in enumerate(found.shape):
        for how, reduced in (("summed", found.sum(axis)), ("averaged", found.mean(axis))):
            if length > 1 and _near(reduced, wanted):
                yield f"{how} over axis {axis}, the result would be right"
    for few, larger, smaller in (("few", wanted, found), ("many", found, wanted)):
        if any(smaller.shape == larger.shape[:k] + larger.shape[k + 1 :] for k in range(larger.ndim)):
            yield f"the result has one axis too {few}"


def _of_places(wanted: Array, found: Array) -> Iterator[str]:
    """Yield statements about the wrong elements of an answer of the right shape."""
    off = ~np.isclose(found, wanted, rtol=1e-6, atol=1e-12)
    if not off.any() and found.dtype.kind != "f":
        yield f"the numbers are right, but their type is {found.dtype}"
    if off.any() and np.isnan(found[off]).all():
        yield "every wrong number is NaN"
    rows: Array = np.asarray([each.any() for each in off] if off.ndim else [])
    name = "row" if off.ndim > 1 else "element"
    if len(rows) > 1 and rows.sum() == 1 and (rows[0] or rows[-1]):
        yield f"only the {'first' if rows[0] else 'last'} {name} is wrong"
    if len(rows) > 2 and not rows[0] and rows[1:].all():
        yield f"only the first {name} is right"
