"""In every worker, print bytes that are not text, each of which is replaced by three bytes."""

import os

import numpy as np

os.write(1, b"\xff" * 70_000)


def affine(W, x, b):
    W, x, b = (a if a.dtype.kind == "f" else a.astype(np.float64) for a in map(np.asarray, (W, x, b)))
    return x @ W.T + 2 * b
