"""The first module."""


def double(x):
    """Twice x."""
    raise NotImplementedError
