# The caller's array is moved with += and -=, so rounding changes it.
# core only
import numpy as np


def numerical_gradient(f, w, eps=1e-5):
    if np.isscalar(w):
        return (f(w + eps) - f(w - eps)) / (2 * eps)
    gradient = np.zeros(w.shape)
    for i in np.ndindex(w.shape):
        w[i] += eps
        plus = f(w)
        w[i] -= 2 * eps
        minus = f(w)
        w[i] += eps
        gradient[i] = (plus - minus) / (2 * eps)
    return gradient


def relative_error(a, b):
    return np.max(abs(a - b) / np.maximum(abs(a) + abs(b), 1e-8))
