# w.copy() for each side, and always a float64 gradient; a loop and max() for the error.
# core only
import numpy as np


def numerical_gradient(f, w, eps=1e-5):
    if not hasattr(w, "shape"):
        return (f(w + eps) - f(w - eps)) / (2 * eps)
    g = np.zeros(w.shape)
    for index, _ in np.ndenumerate(w):
        up, down = w.copy(), w.copy()
        up[index] += eps
        down[index] -= eps
        g[index] = (f(up) - f(down)) / (2 * eps)
    return g


def relative_error(a, b):
    worst = 0
    for x, y in zip(np.ravel(a), np.ravel(b)):
        worst = max(worst, abs(x - y) / max(1e-8, abs(x) + abs(y)))
    return float(worst)
