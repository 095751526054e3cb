# With one output, y loses its last axis; the shape (out,) should stay (1,) when out is 1.
# task: vector
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def two_layer_forward(x, W1, W2):
    x, W1, W2 = floating(x), floating(W1), floating(W2)
    h = np.maximum(x @ W1.T, 0)
    y = h @ W2.T
    return h, y[..., 0] if W2.shape[0] == 1 else y
