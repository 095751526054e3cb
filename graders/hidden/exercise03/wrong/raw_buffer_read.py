# The raw buffer behind an array is read, which works only if its rows are stored one after another.
# task: inputs
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def two_layer_forward(x, W1, W2):
    x, W1, W2 = floating(x), floating(W1), floating(W2)
    x, W1, W2 = (np.frombuffer(a, a.dtype).reshape(a.shape) for a in (x, W1, W2))
    h = np.maximum(x @ W1.T, 0)
    return h, h @ W2.T
