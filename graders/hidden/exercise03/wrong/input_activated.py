# ReLU is applied to x; it belongs after the first product, h = relu(W1 x).
# task: vector
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def two_layer_forward(x, W1, W2):
    x, W1, W2 = floating(x), floating(W1), floating(W2)
    h = np.maximum(x, 0) @ W1.T
    return h, h @ W2.T
