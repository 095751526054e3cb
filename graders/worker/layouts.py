"""Creates arrays in memory layouts other than NumPy's default, for probes."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def contiguous(array: Array) -> Array:
    """Return the array unchanged. By default, NumPy stores arrays row after row."""
    return array


def fortran(array: Array) -> Array:
    """Return the array stored column after column."""
    return np.asfortranarray(array)


def strided(array: Array) -> Array:
    """Return a copy that is a view of every second element, along each axis, of a larger array."""
    larger = np.full([2 * size for size in array.shape], 7, dtype=array.dtype)
    view = larger[(slice(None, None, 2),) * array.ndim]
    view[...] = array
    return view


def backwards(array: Array) -> Array:
    """Return a copy with negative strides along every axis."""
    return np.flip(np.flip(array).copy())


LAYOUTS = {"contiguous": contiguous, "fortran": fortran, "strided": strided, "backwards": backwards}
