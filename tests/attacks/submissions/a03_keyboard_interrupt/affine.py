"""Raise KeyboardInterrupt in the caller, as Ctrl-C would."""

from parts.batches import affine


def batch(W, x, b):
    raise KeyboardInterrupt
