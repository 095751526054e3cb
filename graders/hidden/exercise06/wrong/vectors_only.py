# Only floats and vectors are handled; w may have any number of axes.
# task: array
import numpy as np


def floating(a):
    a = np.asarray(a)
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def numerical_gradient(f, w, eps=1e-5):
    w = floating(w)
    if w.ndim == 0:
        return (f(w + eps) - f(w - eps)) / (2 * eps)
    return np.array([(f(w + eps * e) - f(w - eps * e)) / (2 * eps) for e in np.eye(w.size)]).astype(w.dtype)


def relative_error(a, b):
    a, b = floating(a), floating(b)
    return np.max(abs(a - b) / np.maximum(1e-8, abs(a) + abs(b)))
