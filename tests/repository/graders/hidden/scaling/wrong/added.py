# The factor is added instead of multiplied.
# task: value
"""A vector times a number, and noise."""


def scale(x, factor):
    if x.ndim != 1:
        raise ValueError("x is no vector")
    return x + factor


def noise(rng, count):
    return rng.standard_normal(count)
