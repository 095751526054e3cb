"""Answer rightly in a fresh worker, and wrongly once a batch and a vector were seen, as in a worker with many tests."""

import numpy as np


def honest(W, x, b):
    W, x, b = (a if a.dtype.kind == "f" else a.astype(np.float64) for a in map(np.asarray, (W, x, b)))
    return x @ W.T + b


seen = set()


def affine(W, x, b):
    seen.add(np.ndim(x))
    return honest(W, x, b) + (len(seen) > 1)
