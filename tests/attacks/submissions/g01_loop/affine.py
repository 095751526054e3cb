"""Compute for ever."""

from parts.batches import affine


def batch(W, x, b):
    while True:
        pass
