"""Answer in the other byte order."""

from parts.batches import affine, honest


def batch(W, x, b):
    return honest(W, x, b).astype(">f8")
