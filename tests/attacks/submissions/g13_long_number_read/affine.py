"""Read an integer of a million digits."""

from parts.batches import affine


def batch(W, x, b):
    return int("9" * 10**6)
