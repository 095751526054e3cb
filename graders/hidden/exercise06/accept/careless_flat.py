# np.array(w, dtype=float) and its flat view throughout; a five-point formula.
# core only
import numpy as np


def numerical_gradient(f, w, eps=1e-5):
    def at(i, t):
        moved = np.array(w, dtype=float)
        moved.flat[i] += t
        return f(moved)

    slopes = [
        (at(i, -2 * eps) - 8 * at(i, -eps) + 8 * at(i, eps) - at(i, 2 * eps)) / (12 * eps) for i in range(np.size(w))
    ]
    return np.array(slopes).reshape(np.shape(w))


def relative_error(a, b):
    a, b = np.array(a, dtype=float), np.array(b, dtype=float)
    return float(np.max(np.abs(a - b) / np.maximum(1e-8, np.abs(a) + np.abs(b))))
