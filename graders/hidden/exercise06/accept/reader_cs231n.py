# np.nditer as in the course CS231n: a copy is moved in place and put back.
# independent
import numpy as np


def numerical_gradient(f, w, eps=1e-5):
    """cs231n style: nditer, move the element in place, put it back."""
    if np.ndim(w) == 0 and not isinstance(w, np.ndarray):
        return float(f(w + eps) - f(w - eps)) / (2 * eps)

    x = w.astype(np.float64)  # a copy
    grad = np.zeros_like(x)
    it = np.nditer(x, flags=["multi_index"])
    while not it.finished:
        ix = it.multi_index
        oldval = x[ix]
        x[ix] = oldval + eps
        fxph = f(x)
        x[ix] = oldval - eps
        fxmh = f(x)
        x[ix] = oldval
        grad[ix] = (fxph - fxmh) / (2 * eps)
        it.iternext()
    if np.issubdtype(w.dtype, np.integer):
        return grad
    return grad.astype(w.dtype)


def relative_error(x, y):
    """returns relative error"""
    x = np.asarray(x, dtype=np.float64)
    y = np.asarray(y, dtype=np.float64)
    return float(np.max(np.abs(x - y) / (np.maximum(1e-8, np.abs(x) + np.abs(y)))))
