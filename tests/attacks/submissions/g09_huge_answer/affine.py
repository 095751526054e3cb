"""Answer with a gigabyte of data."""

import numpy as np


def honest(W, x, b):
    W, x, b = (a if a.dtype.kind == "f" else a.astype(np.float64) for a in map(np.asarray, (W, x, b)))
    return x @ W.T + b


def affine(W, x, b):
    if np.ndim(x) == 2:
        return np.zeros(1 << 27)
    return honest(W, x, b)
