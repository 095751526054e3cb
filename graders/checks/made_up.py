"""Makes up classes for known inputs, so that a model can't know them before it has learned from them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


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
        nearness: np.ndarray = 2 * X.astype(np.float64) @ self.prototypes.T - (self.prototypes**2).sum(axis=1)
        return nearness


def made_up_classes(X: np.ndarray, seed: int, n_classes: int, n_prototypes: int | None = None) -> MadeUpClasses:
    """Draw prototypes from the inputs (n, d), one for each class by default.

    Each is the nearest one of at least 0.4 / n_prototypes of the inputs, so that no class is rare.
    """
    rng, n = np.random.default_rng(seed), n_prototypes or n_classes
    while True:
        made_up = MadeUpClasses(X[rng.choice(len(X), n, replace=False)].astype(np.float64), n)
        if np.bincount(made_up.of(X), minlength=n).min() >= 0.4 / n * len(X):
            return made_up._replace(n_classes=n_classes)
