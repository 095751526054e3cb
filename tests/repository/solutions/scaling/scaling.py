"""A vector times a number, and noise."""


def scale(x, factor):
    """x * factor, as a new array of the same dtype; ValueError if x is no vector."""
    if x.ndim != 1:
        raise ValueError("x is no vector")
    return x * x.dtype.type(factor)


def noise(rng, count):
    """Normal deviates from a generator."""
    return rng.standard_normal(count)
