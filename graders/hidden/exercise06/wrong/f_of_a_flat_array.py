# f is called with a flattened copy of w; it needs an array of w's shape.
# task: array
import numpy as np


def floating(a):
    a = np.asarray(a)
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def numerical_gradient(f, w, eps=1e-5):
    x = floating(w).ravel()
    gradient = np.zeros(x.size)
    for i in range(x.size):
        step = np.zeros(x.size)
        step[i] = eps
        above, below = (x + step, x - step) if np.ndim(w) else ((x + step)[0], (x - step)[0])
        gradient[i] = (f(above) - f(below)) / (2 * eps)
    return gradient.astype(x.dtype).reshape(np.shape(w))[()]


def relative_error(a, b):
    a, b = floating(a), floating(b)
    return np.max(abs(a - b) / np.maximum(1e-8, abs(a) + abs(b)))
