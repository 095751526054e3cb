# The derivative is written into an array that every call reuses, so the next call overwrites it.
# task: inputs
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def relu(z):
    return np.maximum(floating(z), 0)


kept = {}


def relu_derivative(z):
    answer = kept.setdefault((z.shape, floating(z).dtype), np.empty(z.shape, floating(z).dtype))
    answer[...] = z > 0
    return answer
