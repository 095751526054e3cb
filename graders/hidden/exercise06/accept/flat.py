# A flat copy of w, reshaped for every call of f.
import numpy as np


def floating(a):
    a = np.asarray(a)
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def numerical_gradient(f, w, eps=1e-5):
    x = np.array(w, dtype=np.float64).reshape(-1)
    shape, gradient = np.shape(w), []
    for i in range(x.size):
        saved = x[i]
        x[i] = saved + eps
        above = float(f(x.reshape(shape)))
        x[i] = saved - eps
        below = float(f(x.reshape(shape)))
        x[i] = saved
        gradient.append((above - below) / (2 * eps))
    return np.array(gradient, dtype=floating(w).dtype).reshape(shape)


def relative_error(a, b):
    pairs = zip(np.ravel(a).tolist(), np.ravel(b).tolist())
    return max(abs(float(x) - float(y)) / max(1e-8, abs(x) + abs(y)) for x, y in pairs)
