# One small step per line; type(w) == float tells numbers from arrays.
# independent
import numpy as np


def numerical_gradient(f, w, eps=1e-5):
    # a float
    if type(w) == float or type(w) == int:
        return (f(w + eps) - f(w - eps)) / (2 * eps)

    # an array
    grad = np.zeros(w.shape)
    for i in np.ndindex(w.shape):
        step = np.zeros(w.shape)
        step[i] = eps
        plus = f(w + step)
        minus = f(w - step)
        grad[i] = (plus - minus) / (2 * eps)
    if w.dtype == np.float32:
        grad = grad.astype(np.float32)
    return grad


def relative_error(a, b):
    a = a * 1.0
    b = b * 1.0
    top = np.abs(a - b)
    bottom = np.maximum(1e-8, np.abs(a) + np.abs(b))
    return float(np.max(top / bottom))
