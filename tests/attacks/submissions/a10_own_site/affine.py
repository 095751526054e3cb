"""Bring files that Python runs by itself when it starts."""

from parts.batches import affine, honest


def batch(W, x, b):
    return honest(W, x, b) + 1
