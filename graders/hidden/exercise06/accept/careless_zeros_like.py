# np.zeros_like for step and gradient, which fails for integers; a try tells numbers from arrays.
# core only
import numpy as np


def numerical_gradient(f, w, eps=1e-5):
    try:
        shape = w.shape
    except AttributeError:
        return float(f(w + eps) - f(w - eps)) / 2 / eps
    grad = np.zeros_like(w)
    for i in np.ndindex(shape):
        h = np.zeros_like(w)
        h[i] = eps
        grad[i] = (f(w + h) - f(w - h)) / 2 / eps
    return grad


def relative_error(a, b):
    top = np.abs(np.subtract(a, b))
    bottom = np.abs(a) + np.abs(b)
    return (top / np.where(bottom > 1e-8, bottom, 1e-8)).max()
