"""Raise an exception in the first call only, so that the first test of a shared worker is to blame."""

from parts.honest import honest

calls = 0


def affine(W, x, b):
    global calls
    calls += 1
    if calls == 1:
        raise ValueError("on purpose")
    return honest(W, x, b)
