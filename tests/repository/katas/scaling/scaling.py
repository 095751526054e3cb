"""A vector times a number, and noise."""


def scale(x, factor):
    """x * factor, as a new array of the same dtype; ValueError if x is no vector."""
    raise NotImplementedError


def noise(rng, count):
    """Normal deviates from a generator."""
    raise NotImplementedError
