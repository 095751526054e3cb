"""Exercise 6: numerical gradient checking."""

from collections.abc import Callable
from typing import Any

import numpy as np


def numerical_gradient(f: Callable[[Any], float], w: float | np.ndarray, eps: float = 1e-5) -> float | np.ndarray:
    """Gradient of f at w by central differences, (f(w + eps) - f(w - eps)) / (2 eps), one element of w at a time.

    Arguments:
        f: a function that takes what w is, a float or an array of w's shape, and returns a float.
        w: where the gradient is wanted, a float or an array of any shape.
        eps: the step.

    Returns:
        For a float a float; for an array an array of the same shape and dtype (for the shape () a NumPy number of
        that dtype will do), except that integers count as float64. Whatever the dtype of w, f is evaluated and the
        differences are taken in float64. The caller's w is the same, bit for bit, afterwards.

    The gradient that torch.autograd.functional.jacobian(f, w) computes exactly.
    """
    raise NotImplementedError


def relative_error(a: float | np.ndarray, b: float | np.ndarray) -> float:
    """The largest |a - b| / max(1e-8, |a| + |b|) of all elements.

    Arguments:
        a: a float, or an array of any shape, floating or integer; integers count as float64.
        b: the same, of the same shape.

    Returns:
        A float: 0 if a and b are equal, and 1 at most. The arguments are not modified.
    """
    raise NotImplementedError
