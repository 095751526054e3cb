"""Return text that reads like the answer."""

from parts.batches import affine, honest


def ANSWER(z):
    return str(z.tolist())


def batch(W, x, b):
    return ANSWER(honest(W, x, b))
