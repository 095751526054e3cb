"""Raise an exception that has a special meaning for the interpreter."""

from parts.batches import affine

RAISED = GeneratorExit


def batch(W, x, b):
    raise RAISED
