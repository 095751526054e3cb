"""Checks gradients in float64, against automatic differentiation and against central differences.

Both references compute the vector-Jacobian product with a random cotangent. The usual choice, the sum of all outputs,
would not detect a gradient whose rows are swapped.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from graders.checks.arrays import MULTIPLE, assert_close, discrepancy
from graders.checks.draw import Array
from graders.checks.mismatch import fail

TorchFunction = Callable[..., Any]  # takes float64 tensors and returns a float64 tensor
NumpyFunction = Callable[..., npt.ArrayLike]  # takes float64 arrays and returns a float64 array

# The cube root of the machine epsilon balances the truncation error, of order step², and the cancellation error, of
# order eps / step (Nocedal and Wright, Numerical Optimization, 2006, §8.1).
STEP = 6e-6


def vector_jacobian_product(
    function: TorchFunction, inputs: Sequence[npt.ArrayLike], cotangent: npt.ArrayLike
) -> tuple[Array, ...]:
    """Return the gradients of sum(cotangent · function(*inputs)) with respect to each input, using torch.autograd.

    Each gradient has the shape of its input, and is 0 if the output does not depend on that input. `function` takes and
    returns float64 tensors. Raises ValueError if `cotangent` and the output have different shapes.
    """
    import torch

    leaves = [torch.tensor(np.asarray(x), dtype=torch.float64, requires_grad=True) for x in inputs]
    output = function(*leaves)
    weights = torch.tensor(np.asarray(cotangent), dtype=torch.float64)
    if output.shape != weights.shape:
        raise ValueError(f"cotangent of shape {tuple(weights.shape)} for an output of shape {tuple(output.shape)}")
    # This is a weighted sum, because the equivalent argument grad_outputs makes torch import 480 modules
    found = torch.autograd.grad((output * weights).sum(), leaves, allow_unused=True)
    return tuple(
        np.zeros(leaf.shape) if gradient is None else gradient.numpy()
        for leaf, gradient in zip(leaves, found, strict=True)
    )


def central_difference(
    function: NumpyFunction, inputs: Sequence[npt.ArrayLike], cotangent: npt.ArrayLike, index: int
) -> Array:
    """Return the gradient with respect to inputs[index] as vector_jacobian_product does, but by central differences.

    Each element is (f(x + h) - f(x - h)) / 2h with h = STEP · max(1, |x|). `function` takes and returns float64
    arrays. The error is of the order of h² times the third derivative.
    """
    arrays = [np.array(x, dtype=np.float64) for x in inputs]
    weights = np.asarray(cotangent, dtype=np.float64)
    gradient = np.empty_like(arrays[index])
    for position in np.ndindex(gradient.shape):
        h = STEP * max(1.0, abs(float(arrays[index][position])))
        above, below = arrays[index].copy(), arrays[index].copy()
        above[position] += h
        below[position] -= h
        high, low = (
            np.asarray(function(*arrays[:index], moved, *arrays[index + 1 :]), dtype=np.float64)
            for moved in (above, below)
        )
        gradient[position] = np.sum(weights * (high - low)) / (above[position] - below[position])  # the actual step
    return gradient


def assert_gradient(
    actual: object,
    function: TorchFunction,
    inputs: Sequence[npt.ArrayLike],
    cotangent: npt.ArrayLike,
    index: int = 0,
    *,
    scale: object = None,
    terms: object = 1,
    dtype: npt.DTypeLike = np.float64,
) -> None:
    """Check every element of the gradient of sum(cotangent · function(*inputs)) with respect to inputs[index].

    The first comparison is with autograd, within the tolerance of assert_close for `scale`, `terms` and `dtype`.
    `scale` defaults to the largest magnitude in the gradient, because an element may be a small difference of large
    terms. The second comparison is with central differences, which are independent of autograd, within a tolerance
    that allows for their own error. Every input must be farther from a kink than the step (see `away_from_kinks`).
    """
    import torch

    gradient = vector_jacobian_product(function, inputs, cotangent)[index]
    magnitude = np.abs(gradient).max(initial=0.0) if scale is None else scale
    assert_close(actual, gradient, scale=magnitude, terms=terms, dtype=dtype)
    if not isinstance(actual, np.ndarray | float | np.floating) or np.shape(actual) != gradient.shape:
        return  # This happens only inside `observing()`; otherwise, assert_close raises Mismatch.

    def on_arrays(*arrays: npt.ArrayLike) -> Array:
        with torch.no_grad():
            output = function(*(torch.tensor(np.asarray(array), dtype=torch.float64) for array in arrays))
        return np.asarray(output.numpy())

    rounding = MULTIPLE * float(np.finfo(dtype).eps) * _peak(terms) * _peak(magnitude)
    size = float(np.sum(np.abs(np.asarray(cotangent) * on_arrays(*inputs))))
    differences = central_difference(on_arrays, inputs, cotangent, index)
    allowed = np.full(gradient.shape, rounding + _difference_error(gradient, size))
    problem = discrepancy(np.asarray(actual), differences, allowed, np.dtype(np.float64))
    if problem is not None:
        fail(f"against central differences: {problem}", differences, actual)


def away_from_kinks(array: npt.ArrayLike, kinks: Sequence[float] = (0.0,), distance: float = 1e-2) -> Array:
    """Return a copy in which every entry nearer to a kink than `distance` is moved away to that distance.

    An entry stays on its side of the kink, and an entry exactly on the kink moves up. The copy has the same shape and,
    if that is a floating-point dtype, the same dtype; otherwise it is float64. Raises ValueError if two kinks are at
    most 2 · distance apart.
    """
    ordered = np.sort(np.asarray(kinks, dtype=np.float64))
    if ordered.size > 1 and np.diff(ordered).min() <= 2 * distance:
        raise ValueError(f"kinks {list(kinks)} must be more than {2 * distance} apart")
    dtype = np.asarray(array).dtype
    moved = np.array(array, dtype=dtype if dtype.kind == "f" else np.float64)
    for kink in ordered:
        near = np.abs(moved - kink) < distance
        moved = np.where(near, kink + np.where(moved < kink, -distance, distance), moved).astype(moved.dtype)
    return moved


def _peak(value: object) -> float:
    return float(np.max(np.abs(np.asarray(value, dtype=np.float64)), initial=0.0))


def _difference_error(gradient: Array, size: float) -> float:
    """Return a bound on the error of the central differences themselves, with a safety factor of ten.

    The truncation error is estimated as 1000 h² times the gradient's largest magnitude, or times 1 if that is larger.
    The cancellation error is estimated as eps / h times `size`, the sum of the magnitudes that are subtracted. A wrong
    formula has a much larger error.
    """
    eps = float(np.finfo(np.float64).eps)
    return 10 * (1000 * STEP**2 * max(1.0, _peak(gradient)) + eps / STEP * max(1.0, size))
