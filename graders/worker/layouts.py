"""Arrays laid out in memory in other ways than NumPy's own: for probes, which import this beside the submission."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def contiguous(array: Array) -> Array:
    """Row after row in memory, as NumPy makes it."""
    return array


def fortran(array: Array) -> Array:
    """Column after column in memory."""
    return np.asfortranarray(array)


def strided(array: Array) -> Array:
    """Every second element of a larger array."""
    larger = np.full([2 * size for size in array.shape], 7, dtype=array.dtype)
    view = larger[(slice(None, None, 2),) * array.ndim]
    view[...] = array
    return view


def backwards(array: Array) -> Array:
    """Negative strides along every axis."""
    return np.flip(np.flip(array).copy())


LAYOUTS = {"contiguous": contiguous, "fortran": fortran, "strided": strided, "backwards": backwards}
