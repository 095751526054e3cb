"""Raise an exception in the first call only, so that the first test of a shared worker is to blame."""

import numpy as np


def honest(W, x, b):
    W, x, b = (a if a.dtype.kind == "f" else a.astype(np.float64) for a in map(np.asarray, (W, x, b)))
    return x @ W.T + b


calls = 0


def affine(W, x, b):
    global calls
    calls += 1
    if calls == 1:
        raise ValueError("on purpose")
    return honest(W, x, b)
