# A batch of one row loses its batch axis; x of shape (1, in) should give (1, hidden) and (1, out).
# task: batch
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def two_layer_forward(x, W1, W2):
    x, W1, W2 = floating(x), floating(W1), floating(W2)
    h = np.maximum(x @ W1.T, 0)
    y = h @ W2.T
    return (h[0], y[0]) if x.ndim == 2 and len(x) == 1 else (h, y)
