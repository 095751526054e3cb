# For a batch, y has shape (out, n); it should be (n, out).
# task: batch
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def two_layer_forward(x, W1, W2):
    x, W1, W2 = floating(x), floating(W1), floating(W2)
    h = np.maximum(x @ W1.T, 0)
    return h, W2 @ h.T if h.ndim == 2 else W2 @ h
