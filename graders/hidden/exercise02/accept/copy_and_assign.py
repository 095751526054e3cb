# A copy, then boolean indexing.
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def relu(z):
    out = floating(z).copy()
    out[out < 0] = 0
    return out


def relu_derivative(z):
    out = np.zeros_like(floating(z))
    out[z > 0] = 1
    return out
