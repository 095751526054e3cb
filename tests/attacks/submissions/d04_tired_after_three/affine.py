"""Answer correctly for three calls, then with zeros."""

import numpy as np


def honest(W, x, b):
    W, x, b = (a if a.dtype.kind == "f" else a.astype(np.float64) for a in map(np.asarray, (W, x, b)))
    return x @ W.T + b


CALLS = []


def affine(W, x, b):
    CALLS.append(1)
    z = honest(W, x, b)
    return z if len(CALLS) <= 3 else np.zeros_like(z)
