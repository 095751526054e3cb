# Computes one vector directly and stacks such results for a batch.
# without: speed
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine(W, x, b):
    W, x, b = floating(W), floating(x), floating(b)

    if x.ndim == 1:
        return np.dot(W, x) + b
    return np.stack([affine(W, row, b) for row in x])
