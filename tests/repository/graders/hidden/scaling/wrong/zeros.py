# The answer is made but never filled in.
# task: value
"""A vector times a number, and noise."""

import numpy as np


def scale(x, factor):
    if x.ndim != 1:
        raise ValueError("x is no vector")
    return np.zeros_like(x * factor)


def noise(rng, count):
    return rng.standard_normal(count)
