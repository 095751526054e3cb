# Small helper functions: a moved copy, a slope, the dtype of the result.
# independent
import numpy as np


def _moved(w, index, step):
    """w as float64, with one element moved by step."""
    out = np.array(w, dtype=np.float64)
    out[index] += step
    return out


def _slope(f, w, index, eps):
    return (f(_moved(w, index, eps)) - f(_moved(w, index, -eps))) / (2 * eps)


def _answer_dtype(w):
    return w.dtype if np.issubdtype(w.dtype, np.floating) else np.float64


def numerical_gradient(f, w, eps=1e-5):
    if isinstance(w, (int, float)):
        return (f(w + eps) - f(w - eps)) / (2 * eps)
    gradient = np.empty(w.shape, dtype=_answer_dtype(w))
    for index in np.ndindex(w.shape):
        gradient[index] = _slope(f, w, index, eps)
    return gradient


def relative_error(a, b):
    a = np.array(a, dtype=np.float64)
    b = np.array(b, dtype=np.float64)
    denominator = np.maximum(1e-8, abs(a) + abs(b))
    return np.max(abs(a - b) / denominator)
