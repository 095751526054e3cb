"""Return a generator that computes the rows only when they are read."""

from parts.batches import affine, honest


def batch(W, x, b):
    return (row for row in honest(W, x, b))
