# The first result is W1 x, before ReLU; h is the array after ReLU.
# task: vector
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def two_layer_forward(x, W1, W2):
    x, W1, W2 = floating(x), floating(W1), floating(W2)
    a = x @ W1.T
    return a, np.maximum(a, 0) @ W2.T
