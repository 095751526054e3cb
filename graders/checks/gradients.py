"""Gradients, checked in float64 against automatic differentiation and against central differences.

Both references are asked for the vector-Jacobian product of a random cotangent: a sum of all outputs, the usual
choice, cannot tell a gradient from one whose rows are exchanged.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from graders.checks.arrays import assert_close, discrepancy
from graders.checks.draw import Array
from graders.checks.mismatch import fail

TorchFunction = Callable[..., Any]  # float64 tensors to one tensor
NumpyFunction = Callable[..., npt.ArrayLike]  # float64 arrays to one array

# (machine epsilon)^(1/3): balances the truncation, of order step², with the cancellation, of order eps / step
# (Nocedal and Wright, Numerical Optimization, 2006, §8.1)
STEP = 6e-6


def vector_jacobian_product(
    function: TorchFunction, inputs: Sequence[npt.ArrayLike], cotangent: npt.ArrayLike
) -> tuple[Array, ...]:
    """The gradients of sum(cotangent · function(*inputs)), one for each input and of its shape, by torch.autograd.

    All is computed in float64; `function` takes and returns torch tensors. An input that the output does not
    depend on has the gradient 0. Raises ValueError when the cotangent has not the output's shape.
    """
    import torch

    leaves = [torch.tensor(np.asarray(x), dtype=torch.float64, requires_grad=True) for x in inputs]
    output = function(*leaves)
    weights = torch.tensor(np.asarray(cotangent), dtype=torch.float64)
    if output.shape != weights.shape:
        raise ValueError(f"cotangent of shape {tuple(weights.shape)}, output of shape {tuple(output.shape)}")
    # a weighted sum, as the equivalent argument grad_outputs makes torch import 480 modules at its first use
    found = torch.autograd.grad((output * weights).sum(), leaves, allow_unused=True)
    return tuple(
        np.zeros(leaf.shape) if gradient is None else gradient.numpy()
        for leaf, gradient in zip(leaves, found, strict=True)
    )


def central_difference(
    function: NumpyFunction, inputs: Sequence[npt.ArrayLike], cotangent: npt.ArrayLike, step: float = STEP
) -> tuple[Array, ...]:
    """The same gradients by (f(x + h) - f(x - h)) / 2h in float64, h = step · max(1, |x|), every element in turn.

    `function` takes and returns arrays. The error is of the order of h² times the third derivative.
    """
    arrays = [np.array(x, dtype=np.float64) for x in inputs]
    weights = np.asarray(cotangent, dtype=np.float64)
    return tuple(_differences(function, arrays, i, weights, step) for i in range(len(arrays)))


def assert_gradient(
    actual: object,
    function: TorchFunction,
    inputs: Sequence[npt.ArrayLike],
    cotangent: npt.ArrayLike,
    index: int = 0,
    *,
    scale: object = None,
    terms: object = 1,
    dtype: npt.DTypeLike | None = None,
    multiple: float = 8,
    step: float = STEP,
) -> None:
    """Check every element of the gradient of sum(cotangent · function(*inputs)) by inputs[index].

    Against autograd with the tolerance of assert_close (`scale`, `terms`, `dtype`, `multiple`; the default scale is
    the largest element of the gradient, for an element may be a small difference of large terms), and against
    central differences, which know nothing of autograd, with one that allows for their own error. Keep the inputs
    away from kinks (`away_from_kinks`) by more than the step.
    """
    gradient = vector_jacobian_product(function, inputs, cotangent)[index]
    magnitude = np.abs(gradient).max(initial=0.0) if scale is None else scale
    assert_close(actual, gradient, scale=magnitude, terms=terms, dtype=dtype or np.float64, multiple=multiple)
    if not isinstance(actual, np.ndarray | float | np.floating) or np.shape(actual) != gradient.shape:
        return  # while observing only: assert_close has refused it
    rounding = multiple * float(np.finfo(dtype or np.float64).eps) * _peak(terms) * _peak(magnitude)
    function_of_arrays = _on_arrays(function)
    size = float(np.sum(np.abs(np.asarray(cotangent) * function_of_arrays(*inputs))))
    differences = central_difference(function_of_arrays, inputs, cotangent, step)[index]
    allowed = np.full(gradient.shape, rounding + _difference_error(gradient, size, step))
    problem = discrepancy(np.asarray(actual), differences, allowed, np.dtype(np.float64))
    if problem is not None:
        fail(f"against central differences: {problem}", differences, actual)


def away_from_kinks(array: npt.ArrayLike, kinks: Sequence[float] = (0.0,), distance: float = 1e-2) -> Array:
    """A copy in which every entry nearer to a kink than `distance` is moved to that distance, on its own side.

    An entry on the kink goes up. Shape and dtype are kept. Raises ValueError for kinks so close together
    (2 · distance or less) that moving away from one would run into the next.
    """
    ordered = np.sort(np.asarray(kinks, dtype=np.float64))
    if ordered.size > 1 and np.diff(ordered).min() <= 2 * distance:
        raise ValueError(f"kinks {list(kinks)} are not {2 * distance} apart")
    moved = np.array(array, dtype=np.asarray(array).dtype if np.asarray(array).dtype.kind == "f" else np.float64)
    for kink in ordered:
        near = np.abs(moved - kink) < distance
        moved = np.where(near, kink + np.where(moved < kink, -distance, distance), moved).astype(moved.dtype)
    return moved


def _differences(function: NumpyFunction, arrays: list[Array], i: int, weights: Array, step: float) -> Array:
    gradient = np.empty_like(arrays[i])
    for position in np.ndindex(gradient.shape):
        h = step * max(1.0, abs(float(arrays[i][position])))
        above, below = arrays[i].copy(), arrays[i].copy()
        above[position] += h
        below[position] -= h
        rise = np.asarray(function(*arrays[:i], above, *arrays[i + 1 :]), dtype=np.float64) - np.asarray(
            function(*arrays[:i], below, *arrays[i + 1 :]), dtype=np.float64
        )
        gradient[position] = np.sum(weights * rise) / (above[position] - below[position])  # the step really made
    return gradient


def _on_arrays(function: TorchFunction) -> NumpyFunction:
    import torch

    def on_arrays(*arrays: npt.ArrayLike) -> Array:
        with torch.no_grad():
            output = function(*(torch.tensor(np.asarray(array), dtype=torch.float64) for array in arrays))
        return np.asarray(output.numpy())

    return on_arrays


def _peak(value: object) -> float:
    return float(np.max(np.abs(np.asarray(value, dtype=np.float64)), initial=0.0))


def _difference_error(gradient: Array, size: float, step: float) -> float:
    """What central differences may be off by themselves, with a factor of ten on either term.

    Truncation: 1000 h² for a third derivative up to some thousand times the gradient (or 1); cancellation:
    eps / h times `size`, the sum of the magnitudes that are subtracted. A wrong formula is off by far more.
    """
    eps = float(np.finfo(np.float64).eps)
    return 10 * (1000 * step**2 * max(1.0, _peak(gradient)) + eps / step * max(1.0, size))
