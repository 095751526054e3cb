# The weights are flattened in memory order, but a transposed array isn't stored row by row.
# task: inputs
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def two_layer_forward(x, W1, W2):
    x, W1, W2 = floating(x), floating(W1), floating(W2)
    W1, W2 = (w.ravel(order="K").reshape(w.shape) for w in (W1, W2))
    h = np.maximum(x @ W1.T, 0)
    return h, h @ W2.T
