# The nditer loop of the course CS231n: the caller's own array is moved and put back.
# core only
import numpy as np


def numerical_gradient(f, x, eps=1e-5):
    if isinstance(x, float):
        return (f(x + eps) - f(x - eps)) / (2 * eps)
    grad = np.zeros_like(x)
    it = np.nditer(x, flags=["multi_index"], op_flags=["readwrite"])
    while not it.finished:
        ix = it.multi_index
        old = x[ix]
        x[ix] = old + eps
        pos = f(x)
        x[ix] = old - eps
        neg = f(x)
        x[ix] = old
        grad[ix] = (pos - neg) / (2 * eps)
        it.iternext()
    return grad


def relative_error(x, y):
    return np.max(np.abs(x - y) / np.maximum(1e-8, np.abs(x) + np.abs(y)))
