"""Answer with complex numbers whose real parts are right."""

from parts.batches import affine, honest


def batch(W, x, b):
    return honest(W, x, b) + 1e6j
