# A vector came back as a batch of one row (1, out): one vector in is one vector (out,) out.
# task: vector
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine(W, x, b):
    W, x, b = floating(W), floating(x), floating(b)
    return np.atleast_2d(x) @ W.T + b
