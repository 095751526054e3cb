# The sums are added into b itself, so the caller's b changes and the next row starts from it; write z = W @ x + b.
# task: batch
import numpy as np


def floating(a):
    return a if np.issubdtype(a.dtype, np.floating) else a.astype(np.float64)


def affine(W, x, b):
    W, b = floating(W), floating(b)
    if x.ndim == 2:
        return np.array([affine(W, row, b) for row in x])
    b += W @ x
    return b
