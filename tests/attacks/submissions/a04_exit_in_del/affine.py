"""Raise SystemExit while an object is being finalised."""

from parts.honest import honest


class Leaver:
    def __del__(self):
        raise SystemExit(0)


def affine(W, x, b):
    Leaver()
    return honest(W, x, b)
