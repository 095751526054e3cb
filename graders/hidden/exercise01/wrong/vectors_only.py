# W @ x is right for one vector only: a batch (n, in) needs its samples along the other side of the product.
# task: batch
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine(W, x, b):
    W, x, b = floating(W), floating(x), floating(b)
    return W @ x + b
