"""Answer with one axis too many, which broadcasting forgives."""

from parts.batches import affine, honest


def batch(W, x, b):
    return honest(W, x, b)[..., None]
