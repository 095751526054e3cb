# h is divided by its sum; nothing but ReLU should be applied to W1 x.
# task: vector
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def two_layer_forward(x, W1, W2):
    x, W1, W2 = floating(x), floating(W1), floating(W2)
    h = np.maximum(x @ W1.T, 0)
    h = h / np.maximum(h.sum(axis=-1, keepdims=True), 1e-12)
    return h, h @ W2.T
