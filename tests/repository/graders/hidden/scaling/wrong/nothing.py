# The factor is taken for 0.
# task: value
"""A vector times a number, and noise."""


def scale(x, factor):
    if x.ndim != 1:
        raise ValueError("x is no vector")
    return 0 * x * x.dtype.type(factor)


def noise(rng, count):
    return rng.standard_normal(count)
