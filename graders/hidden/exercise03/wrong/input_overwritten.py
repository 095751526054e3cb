# The result of ReLU is written into x, which changes the caller's x.
# task: inputs
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def two_layer_forward(x, W1, W2):
    x, W1, W2 = floating(x), floating(W1), floating(W2)
    h = np.maximum(x @ W1.T, 0)
    y = h @ W2.T
    np.maximum(x, 0, out=x)
    return h, y
