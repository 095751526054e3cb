# The difference is divided by the step that remains after rounding, (w + eps) - (w - eps).
import numpy as np


def floating(a):
    a = np.asarray(a)
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def numerical_gradient(f, w, eps=1e-5):
    x = np.asarray(w, dtype=np.float64)
    gradient = np.empty(x.shape)
    for i in np.ndindex(*x.shape):
        above, below = x.copy(), x.copy()
        above[i] = x[i] + eps
        below[i] = x[i] - eps
        gradient[i] = (f(above) - f(below)) / (above[i] - below[i])
    dtype = np.float32 if getattr(w, "dtype", None) == np.float32 else np.float64
    return dtype(gradient) if x.ndim == 0 else gradient.astype(dtype)


def relative_error(a, b):
    a, b = floating(a), floating(b)

    worst = 0.0
    for x, y in zip(a.flat, b.flat):
        worst = max(worst, float(abs(x - y) / max(1e-8, abs(x) + abs(y))))
    return worst
