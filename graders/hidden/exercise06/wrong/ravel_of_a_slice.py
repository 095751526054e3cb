# ravel() copies a sliced or transposed array, so moving its elements doesn't move w.
# task: inputs
import numpy as np


def floating(a):
    a = np.asarray(a)
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def numerical_gradient(f, w, eps=1e-5):
    x = w if isinstance(w, np.ndarray) and w.dtype == np.float64 else np.array(w, dtype=np.float64)
    flat, gradient = x.ravel(), np.zeros(x.size)
    for i in range(x.size):
        old = flat[i]
        flat[i] = old + eps
        above = f(x)
        flat[i] = old - eps
        below = f(x)
        flat[i] = old
        gradient[i] = (above - below) / (2 * eps)
    return gradient.astype(floating(w).dtype).reshape(x.shape)[()]


def relative_error(a, b):
    a, b = floating(a), floating(b)
    return np.max(abs(a - b) / np.maximum(1e-8, abs(a) + abs(b)))
