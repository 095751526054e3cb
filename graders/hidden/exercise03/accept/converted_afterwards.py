# Converts the first product to float64 instead of the arguments.
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def two_layer_forward(x, W1, W2):
    h = np.maximum(floating(x @ W1.T), 0)
    return h, h @ W2.T
