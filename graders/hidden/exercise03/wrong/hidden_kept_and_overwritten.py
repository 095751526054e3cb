# h is written into an array that every call reuses, so the next call overwrites it.
# task: inputs
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


kept = {}


def two_layer_forward(x, W1, W2):
    numbers = np.maximum(floating(x) @ floating(W1).T, 0)
    h = kept.setdefault((numbers.shape, numbers.dtype), np.empty_like(numbers))
    h[...] = numbers
    return h, h @ floating(W2).T
