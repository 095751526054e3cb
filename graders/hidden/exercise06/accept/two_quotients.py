# The mean of the forward and the backward difference, which is the central difference.
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
        here = f(w + 0.0 * step)
        gradient[i] = ((f(w + step) - here) / eps + (here - f(w - step)) / eps) / 2
    return gradient.astype(w.dtype)[()]


def relative_error(a, b):
    a, b = (np.array(v, dtype=np.float64, ndmin=1) for v in (a, b))
    return np.linalg.norm((a - b).ravel() / np.clip(abs(a) + abs(b), 1e-8, None).ravel(), np.inf)
