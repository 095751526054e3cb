# Negative numbers are scaled by 0.01, which is leaky ReLU; ReLU makes them 0.
# task: vector
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def two_layer_forward(x, W1, W2):
    x, W1, W2 = floating(x), floating(W1), floating(W2)
    a = x @ W1.T
    h = np.where(a > 0, a, a * a.dtype.type(0.01))
    return h, h @ W2.T
