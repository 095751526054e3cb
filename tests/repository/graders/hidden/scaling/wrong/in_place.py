# x itself is changed.
# task: inputs
"""A vector times a number, and noise."""


def scale(x, factor):
    if x.ndim != 1:
        raise ValueError("x is no vector")
    x *= x.dtype.type(factor)
    return x


def noise(rng, count):
    return rng.standard_normal(count)
