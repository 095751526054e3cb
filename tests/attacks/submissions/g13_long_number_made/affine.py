"""Compute an integer of a hundred million digits."""

from parts.batches import affine


def batch(W, x, b):
    return 10 ** 10**8 % 7
