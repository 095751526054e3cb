# w + eps is stored in an integer array, which truncates the step to 0; copy w as float64 first.
# task: types
import numpy as np


def floating(a):
    a = np.asarray(a)
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def numerical_gradient(f, w, eps=1e-5):
    x = np.array(w)
    gradient = np.zeros(x.shape)
    for i in np.ndindex(x.shape):
        old = x[i]
        x = np.array(w, dtype=x.dtype if x.dtype.kind in "iu" else np.float64)
        x[i] = old + eps
        above = f(x.copy())
        x[i] = old - eps
        below = f(x.copy())
        x[i] = old
        gradient[i] = (above - below) / (2 * eps)
    return gradient.astype(floating(w).dtype)[()]


def relative_error(a, b):
    a, b = floating(a), floating(b)
    return np.max(abs(a - b) / np.maximum(1e-8, abs(a) + abs(b)))
