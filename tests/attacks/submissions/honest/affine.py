"""No attack: an honest answer."""

from parts.honest import honest


def affine(W, x, b):
    return honest(W, x, b)
