# W1 @ x works for one vector only; a batch (n, in) has samples as rows, but W1 @ x needs columns.
# task: batch
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def two_layer_forward(x, W1, W2):
    x, W1, W2 = floating(x), floating(W1), floating(W2)
    h = np.maximum(W1 @ x, 0)
    return h, W2 @ h
