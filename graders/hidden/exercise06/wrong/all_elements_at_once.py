# All elements of w move at once, so f is differentiated along (1, …, 1) instead of one element at a time.
# task: array
import numpy as np


def floating(a):
    a = np.asarray(a)
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def numerical_gradient(f, w, eps=1e-5):
    w = floating(w)
    gradient = np.full(w.shape, (f(w + eps) - f(w - eps)) / (2 * eps))
    return gradient.astype(w.dtype)[()]


def relative_error(a, b):
    a, b = floating(a), floating(b)
    return np.max(abs(a - b) / np.maximum(1e-8, abs(a) + abs(b)))
