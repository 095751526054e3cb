# The gradient is returned in a buffer that the next call overwrites, instead of in a new array.
# task: inputs
import numpy as np


BUFFERS = {}


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
    if w.ndim == 0:
        return gradient[()]
    answer = BUFFERS.setdefault((w.shape, w.dtype), np.empty(w.shape, w.dtype))
    answer[...] = gradient
    return answer


def relative_error(a, b):
    a, b = floating(a), floating(b)
    return np.max(abs(a - b) / np.maximum(1e-8, abs(a) + abs(b)))
