# The sum was accumulated in b itself (b += ...), so the caller's bias has changed.
# task: inputs
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine(W, x, b):
    W, x, b = floating(W), floating(x), floating(b)

    if x.ndim == 2:
        return x @ W.T + b
    b += W @ x
    return b
