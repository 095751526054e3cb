# A float64 array is moved in place, and each saved element is put back.
import numpy as np


def numerical_gradient(f, w, eps=1e-5):
    x = w if isinstance(w, np.ndarray) and w.dtype == np.float64 else np.array(w, dtype=np.float64)
    gradient = np.zeros_like(x)
    for i in np.ndindex(x.shape):
        old = x[i].copy()
        x[i] = old + eps
        above = f(x)
        x[i] = old - eps
        below = f(x)
        x[i] = old
        gradient[i] = (above - below) / (2 * eps)
    if isinstance(w, np.ndarray):
        return gradient.astype(np.float32) if w.dtype == np.float32 else gradient
    return float(gradient)


def relative_error(a, b):
    a, b = np.abs(np.subtract(a, b, dtype=float)), np.abs(np.asarray(a, float)) + np.abs(np.asarray(b, float))
    return float((a / np.maximum(b, 1e-8)).max())
