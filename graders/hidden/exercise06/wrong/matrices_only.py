# Arrays with more than two axes get a gradient of zeros; w may have any number of axes.
# task: array
import numpy as np


def floating(a):
    a = np.asarray(a)
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def numerical_gradient(f, w, eps=1e-5):
    w = floating(w)
    if w.ndim > 2:
        return np.zeros(w.shape, w.dtype)
    x = np.atleast_2d(w)
    gradient = np.zeros(x.shape)
    for i in range(x.shape[0]):
        for j in range(x.shape[1]):
            step = np.zeros(x.shape)
            step[i, j] = eps
            step = step.reshape(w.shape)
            gradient[i, j] = (f(w + step) - f(w - step)) / (2 * eps)
    return gradient.astype(w.dtype).reshape(w.shape)[()]


def relative_error(a, b):
    a, b = floating(a), floating(b)
    return np.max(abs(a - b) / np.maximum(1e-8, abs(a) + abs(b)))
