# A batch of one row lost its batch axis: (1, in) gives (1, out).
# task: batch
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine(W, x, b):
    W, x, b = floating(W), floating(x), floating(b)
    z = x @ W.T + b
    return z[0] if x.ndim == 2 and len(x) == 1 else z
