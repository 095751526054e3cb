"""Run beside a submission; they report what they saw and judge nothing."""

import numpy as np


def fortran(array):
    """Column after column in memory."""
    return np.asfortranarray(array)


def strided(array):
    """Every second element of a larger array."""
    larger = np.full([2 * size for size in array.shape], 7, dtype=array.dtype)
    view = larger[(slice(None, None, 2),) * array.ndim]
    view[...] = array
    return view


def backwards(array):
    """Negative strides along every axis."""
    return np.flip(np.flip(array).copy())


LAYOUTS = {"fortran": fortran, "strided": strided, "backwards": backwards}


def call_with_layout(submission, name, layout, *arguments):
    """What `name` returns for arrays laid out in memory as `layout` says, and then those arrays as they are after."""
    laid_out = [LAYOUTS[layout](array) for array in arguments]
    return [getattr(submission, name)(*laid_out), *(array.copy() for array in laid_out)]
