"""Bring a conftest.py that turns every failure into a pass."""

from parts.batches import affine, honest


def batch(W, x, b):
    return honest(W, x, b) + 1
