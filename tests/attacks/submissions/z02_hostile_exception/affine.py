"""Raise an exception whose text never finishes computing."""

from parts.batches import affine


class Endless(Exception):
    def __str__(self):
        while True:
            pass


def batch(W, x, b):
    raise Endless
