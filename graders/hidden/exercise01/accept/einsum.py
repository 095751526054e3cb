# np.einsum instead of a matrix product.
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine(W, x, b):
    W, x, b = floating(W), floating(x), floating(b)
    return np.einsum("oi,...i->...o", W, x) + b
