"""Computes the accuracy of predictions inside the judge, so that the labels never leave the judge's process."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from graders.checks.mismatch import fail


def accuracy(predictions: npt.ArrayLike, labels: npt.ArrayLike) -> float:
    """Return the share of predictions that equal their labels. Both are class numbers of shape (n,).

    Raises ValueError for other shapes, for empty labels, and for predictions that are not numbers.
    """
    if problem := _problem(predictions, labels):
        raise ValueError(problem)
    return float(np.mean(np.asarray(predictions) == np.asarray(labels)))


def standard_error(share: float, n: int, other: float, m: int) -> float:
    """Return the standard error of the difference between two shares.

    `share` was observed in n draws, and `other` in m draws. All draws are assumed to be independent and to have the
    same probability, which is estimated from all n + m draws.
    """
    both = (n * share + m * other) / (n + m)
    return math.sqrt(max(0.0, both * (1 - both)) * (1 / n + 1 / m))


def assert_accuracy(predictions: Any, labels: npt.ArrayLike, at_least: float) -> None:
    """Check that the share (0 to 1) of correct predictions, a list or an array of class numbers, is large enough."""
    if problem := _problem(predictions, labels):
        fail(problem, at_least, predictions)
        return
    reached = accuracy(predictions, labels)
    if reached < at_least:
        right, of = round(reached * np.size(labels)), np.size(labels)
        fail(f"accuracy {reached:.1%} ({right} of {of} right), expected at least {at_least:.1%}", at_least, reached)


def _problem(predictions: Any, labels: npt.ArrayLike) -> str | None:
    expected = np.asarray(labels)
    if expected.ndim != 1 or not expected.size:
        raise ValueError(f"labels: expected shape (n,) with n > 0, got {expected.shape}")
    try:
        found = np.asarray(predictions)
    except ValueError:
        return f"expected {expected.size} class numbers, got a ragged {type(predictions).__name__}"
    if found.shape != expected.shape:
        return f"expected one class number for each input, shape {expected.shape}, got shape {found.shape}"
    if found.dtype.kind not in "iuf":
        return f"expected class numbers, got dtype {found.dtype}"
    return None
