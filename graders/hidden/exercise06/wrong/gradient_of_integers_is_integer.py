# The gradient of an integer array is truncated to integers (zeros_like copies w's dtype); it should be float64.
# task: types
import numpy as np


def floating(a):
    a = np.asarray(a)
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def numerical_gradient(f, w, eps=1e-5):
    gradient = np.zeros_like(w)
    for i in np.ndindex(gradient.shape):
        step = np.zeros(gradient.shape)
        step[i] = eps
        gradient[i] = (f(w + step) - f(w - step)) / (2 * eps)
    return gradient[()]


def relative_error(a, b):
    a, b = floating(a), floating(b)
    return np.max(abs(a - b) / np.maximum(1e-8, abs(a) + abs(b)))
