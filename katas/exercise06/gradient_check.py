"""Exercise 6: numerical gradient checking."""

from collections.abc import Callable
from typing import Any

import numpy as np


def numerical_gradient(f: Callable[[Any], float], w: float | np.ndarray, eps: float = 1e-5) -> float | np.ndarray:
    """Measure the gradient of f at w by central differences with the step eps, element by element.

    Arguments:
        f: a function of one argument: a float if w is a float, an array of w's shape if w is an array. It returns a
            float.
        w: where to measure the gradient, a float or an array with one or more axes.
        eps: the step, the same for every element.

    Returns:
        A float if w is a float, an array of w's shape if w is an array.

    For extra points: a float32 array gives a float32 gradient, but f is called with float64 arrays. An int gives a
    float, and an int64 array gives a float64 gradient. The call doesn't change w, not even by rounding, and it
    doesn't change an array that an earlier call returned.

    torch.autograd.functional.jacobian(f, w) computes the exact gradient.
    """
    raise NotImplementedError


def relative_error(a: float | np.ndarray, b: float | np.ndarray) -> float:
    """Return the largest relative error of all elements, |a - b| / max(1e-8, |a| + |b|).

    Arguments:
        a: a float, or an array of any shape with at least one element.
        b: a float if a is a float, otherwise an array of a's shape.

    Returns:
        A Python float or a NumPy float from 0, if a and b are equal, to 1.

    For extra points: integer arrays are compared in float64. The call leaves a and b unchanged.
    """
    raise NotImplementedError
