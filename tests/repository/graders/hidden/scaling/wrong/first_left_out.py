# The first entry stays as it was.
# task: value
"""A vector times a number, and noise."""

import numpy as np


def scale(x, factor):
    if x.ndim != 1:
        raise ValueError("x is no vector")
    return np.concatenate([x[:1], x[1:] * x.dtype.type(factor)])


def noise(rng, count):
    return rng.standard_normal(count)
