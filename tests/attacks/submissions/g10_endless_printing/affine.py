"""Print without end, on both streams, and answer honestly."""

import sys

import numpy as np


def honest(W, x, b):
    W, x, b = (a if a.dtype.kind == "f" else a.astype(np.float64) for a in map(np.asarray, (W, x, b)))
    return x @ W.T + b


def affine(W, x, b):
    for _ in range(100):
        print("x" * 20_000)
        print("y" * 20_000, file=sys.stderr)
    return honest(W, x, b)
