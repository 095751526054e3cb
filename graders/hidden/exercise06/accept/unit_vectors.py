# The rows of an identity matrix as steps, and a list of quotients.
import numpy as np


def floating(a):
    a = np.asarray(a)
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def numerical_gradient(f, w, eps=1e-5):
    x = np.asarray(w, dtype=np.float64)
    units = np.eye(x.size).reshape(x.size, *x.shape)
    gradient = [(f(x + eps * e) - f(x - eps * e)) / (2 * eps) for e in units]
    return np.reshape(gradient, x.shape).astype(floating(w).dtype)


def relative_error(a, b):
    a, b = floating(a), floating(b)

    with np.errstate(invalid="ignore", divide="ignore"):
        r = np.where(abs(a) + abs(b) > 1e-8, abs(a - b) / (abs(a) + abs(b)), abs(a - b) / 1e-8)
    return np.amax(r)
