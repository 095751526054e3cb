"""Exercise 6: numerical gradient checking."""

from collections.abc import Callable
from typing import Any

import numpy as np


def numerical_gradient(f: Callable[[Any], float], w: float | np.ndarray, eps: float = 1e-5) -> float | np.ndarray:
    """Return df/dw_i = (f(w + eps e_i) - f(w - eps e_i)) / (2 eps), computed in float64; e_i is the i-th unit vector.

    w + step is a new array, so the caller's w never changes.
    """
    gradient = np.empty(np.shape(w))
    for i in np.ndindex(gradient.shape):
        step = np.zeros_like(gradient)
        step[i] = eps
        gradient[i] = (f(w + step) - f(w - step)) / (2 * eps)
    single = np.asarray(w).dtype == np.float32
    return gradient.astype(np.float32 if single else np.float64)[()]


def relative_error(a: float | np.ndarray, b: float | np.ndarray) -> float:
    """Return max |a - b| / max(1e-8, |a| + |b|); the 1e-8 keeps rounding noise around 0 from counting as an error."""
    return np.max(abs(a - b) / np.maximum(1e-8, abs(a) + abs(b)))
