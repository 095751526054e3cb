# An array with one error per element is returned, not the largest error as a float.
# task: relative
import numpy as np


def floating(a):
    a = np.asarray(a)
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def numerical_gradient(f, w, eps=1e-5):
    w = floating(w)
    gradient = np.zeros(w.shape)
    for i in np.ndindex(w.shape):
        step = np.zeros(w.shape)
        step[i] = eps
        gradient[i] = (f(w + step) - f(w - step)) / (2 * eps)
    return gradient.astype(w.dtype)[()]


def relative_error(a, b):
    a, b = floating(a), floating(b)
    return abs(a - b) / np.maximum(1e-8, abs(a) + abs(b))
