# The sum over the inputs stops one short: the last input is never used.
# task: vector
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine(W, x, b):
    W, x, b = floating(W), floating(x), floating(b)
    return x[..., :-1] @ W[:, :-1].T + b
