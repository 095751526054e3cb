# The textbook formula with a step array for each index; numbers are handled separately.
# independent
import numpy as np


def numerical_gradient(f, w, eps=1e-5):
    if np.ndim(w) == 0:
        w64 = np.float64(w)
        g = (f(w64 + eps) - f(w64 - eps)) / (2 * eps)
        return w.dtype.type(g) if hasattr(w, "dtype") and w.dtype.kind == "f" else np.float64(g)
    g = np.zeros(w.shape)
    for i in np.ndindex(w.shape):
        e = np.zeros(w.shape)
        e[i] = eps
        g[i] = (f(w + e) - f(w - e)) / (2 * eps)
    return g.astype(w.dtype) if w.dtype.kind == "f" else g


def relative_error(a, b):
    a, b = np.asarray(a, dtype=float), np.asarray(b, dtype=float)
    return float(np.max(np.abs(a - b) / np.maximum(1e-8, np.abs(a) + np.abs(b))))
