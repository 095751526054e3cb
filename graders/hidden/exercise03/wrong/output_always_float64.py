# For float32 arguments h is float32, but y is float64; both should be float32.
# task: types
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def two_layer_forward(x, W1, W2):
    x, W1, W2 = floating(x), floating(W1), floating(W2)
    h = np.maximum(x @ W1.T, 0)
    return h, h.astype(np.float64) @ W2.T
