# Samples as columns, as on paper, and transposed back.
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine(W, x, b):
    W, x, b = floating(W), floating(x), floating(b)

    z = W @ np.atleast_2d(x).T + b[:, np.newaxis]
    return z.T.reshape(*x.shape[:-1], -1)
