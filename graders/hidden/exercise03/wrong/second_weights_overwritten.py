# W2 is changed in place (W2 *= h), which changes the caller's weights.
# task: inputs
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def two_layer_forward(x, W1, W2):
    x, W1, W2 = floating(x), floating(W1), floating(W2)
    h = np.maximum(x @ W1.T, 0)
    if x.ndim == 2:
        return h, h @ W2.T
    W2 *= h
    return h, W2.sum(axis=1)
