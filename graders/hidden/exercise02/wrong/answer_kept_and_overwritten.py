# relu writes its result into an array that every call reuses, so the next call overwrites it.
# task: inputs
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


kept = {}


def relu(z):
    answer = kept.setdefault((z.shape, floating(z).dtype), np.empty(z.shape, floating(z).dtype))
    answer[...] = np.maximum(z, 0)
    return answer


def relu_derivative(z):
    return (z > 0).astype(floating(z).dtype)
