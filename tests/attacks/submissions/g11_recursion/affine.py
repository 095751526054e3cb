"""Recurse for ever."""

from parts.batches import affine


def batch(W, x, b):
    return affine(W, x, b)
