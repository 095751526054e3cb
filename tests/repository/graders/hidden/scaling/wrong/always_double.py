# The answer is float64 whatever x is.
# task: types
"""A vector times a number, and noise."""

import numpy as np


def scale(x, factor):
    if x.ndim != 1:
        raise ValueError("x is no vector")
    return x.astype(np.float64) * factor


def noise(rng, count):
    return rng.standard_normal(count)
