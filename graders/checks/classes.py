"""Check predicted classes in the judge, so that the labels never leave its process, and make up classes of inputs.

A model can't know made-up classes before it has learned from them.
"""

from __future__ import annotations

import math
from typing import Any, NamedTuple

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


# ------------------------------------------------------------------------------------- made-up classes


class MadeUpClasses(NamedTuple):
    """Classes of inputs (n, d): the number of the nearest prototype, modulo `n_classes`.

    No table can contain such classes. They depend on the prototypes, which the judge draws and keeps to itself.
    """

    prototypes: np.ndarray
    n_classes: int

    def of(self, X: np.ndarray) -> np.ndarray:
        """Return the classes (n,) of the inputs."""
        classes: np.ndarray = self._nearness(X).argmax(axis=1) % self.n_classes
        return classes

    def clear(self, X: np.ndarray, share: float) -> np.ndarray:
        """Return which inputs, as bools (n,), belong to the share that is farthest from the limit between two cells."""
        second, first = np.partition(self._nearness(X), -2, axis=1)[:, -2:].T
        clear: np.ndarray = first - second >= np.quantile(first - second, 1 - share)
        return clear

    def _nearness(self, X: np.ndarray) -> np.ndarray:
        """Return (n, prototypes): the squared length of each input minus its squared distance from each prototype."""
        doubled, squares = 2 * self.prototypes.T, (self.prototypes**2).sum(axis=1)
        nearness: np.ndarray = X.astype(np.float64, copy=False) @ doubled - squares
        return nearness


def made_up_classes(X: np.ndarray, seed: int, n_classes: int, n_prototypes: int | None = None) -> MadeUpClasses:
    """Draw prototypes from the inputs (n, d), one for each class by default.

    Each is the nearest one of at least 0.4 / n_prototypes of the inputs, so that no class is rare.
    """
    rng, n, X = np.random.default_rng(seed), n_prototypes or n_classes, X.astype(np.float64)
    while True:
        made_up = MadeUpClasses(X[rng.choice(len(X), n, replace=False)], n)
        if np.bincount(made_up.of(X), minlength=n).min() >= 0.4 / n * len(X):
            return made_up._replace(n_classes=n_classes)
