# h is float64, but y is computed in float32, which loses half of its digits.
# task: vector
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def two_layer_forward(x, W1, W2):
    x, W1, W2 = floating(x), floating(W1), floating(W2)
    h = np.maximum(x @ W1.T, 0)

    y = h.astype(np.float32) @ W2.astype(np.float32).T
    return h, y.astype(h.dtype)
