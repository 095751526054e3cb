# np.nditer with multi_index, on a copy; numbers are handled separately.
import numpy as np


def floating(a):
    a = np.asarray(a)
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def numerical_gradient(f, w, eps=1e-5):
    if not isinstance(w, np.ndarray):
        return (f(w + eps) - f(w - eps)) / (2.0 * eps)
    x = w.astype(np.float64)
    gradient = np.zeros_like(x)
    positions = np.nditer(x, flags=["multi_index"])
    while not positions.finished:
        i = positions.multi_index
        above, below = x.copy(), x.copy()
        above[i] += eps
        below[i] -= eps
        gradient[i] = (f(above) - f(below)) / (2.0 * eps)
        positions.iternext()
    return gradient.astype(w.dtype if w.dtype.kind == "f" else np.float64)


def relative_error(a, b):
    a, b = floating(a), floating(b)

    denominator = abs(a) + abs(b)
    denominator = np.where(denominator < 1e-8, 1e-8, denominator)
    return (abs(a - b) / denominator).max()
