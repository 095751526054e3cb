# Starts from the bias and adds one input's contribution at a time, in the promised dtype.
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine(W, x, b):
    W, x, b = floating(W), floating(x), floating(b)

    z = np.zeros((*x.shape[:-1], len(b)), dtype=x.dtype) + b
    for j in range(x.shape[-1]):
        z = z + x[..., j, None] * W[:, j]
    return z
