"""Twice a vector."""


def double(x):
    """Return twice the vector x."""
    raise NotImplementedError
