# entry by entry
"""A vector times a number, and noise."""

import numpy as np


def scale(x, factor):
    if x.ndim != 1:
        raise ValueError("x is no vector")
    return np.array([entry * x.dtype.type(factor) for entry in x], dtype=x.dtype)


def noise(rng, count):
    return rng.standard_normal(count)
