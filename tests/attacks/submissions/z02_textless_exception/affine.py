"""Raise an exception whose text and class raise further exceptions."""

from parts.batches import affine


class Textless(Exception):
    def __str__(self):
        raise SystemExit(0)

    __repr__ = __str__


def batch(W, x, b):
    raise Textless
