"""Print without end, on both streams, and answer honestly."""

import sys

from parts.honest import honest


def affine(W, x, b):
    for _ in range(100):
        print("x" * 20_000)
        print("y" * 20_000, file=sys.stderr)
    return honest(W, x, b)
