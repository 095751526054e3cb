"""No attack: raise an exception for a batch, to find out which tests use batches."""

import numpy as np


def honest(W, x, b):
    W, x, b = (a if a.dtype.kind == "f" else a.astype(np.float64) for a in map(np.asarray, (W, x, b)))
    return x @ W.T + b


def affine(W, x, b):
    if np.ndim(x) == 2:
        raise ValueError("no batches here")
    return honest(W, x, b)
