# squeeze removed every axis of length 1 from a batch: (n, 1) and (1, out) are still batches.
# task: batch
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine(W, x, b):
    W, x, b = floating(W), floating(x), floating(b)
    z = x @ W.T + b
    return z if x.ndim == 1 else z.squeeze()
