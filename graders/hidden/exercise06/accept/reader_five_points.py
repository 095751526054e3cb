# The five-point formula of fourth order, applied to a function of one element.
# independent
"""Exercise 6, with the fourth-order formula, since a more accurate one will do too."""

import numpy as np


def _quotient(g, eps):
    """Derivative at 0 of a function g of one float."""
    return float((8.0 * (g(eps) - g(-eps)) - (g(2 * eps) - g(-2 * eps))) / (12.0 * eps))


def numerical_gradient(f, w, eps=1e-5):
    if isinstance(w, np.ndarray):
        w64 = w.astype(np.float64)
        out_dtype = w.dtype if w.dtype.kind == "f" else np.dtype(np.float64)
        grad = np.zeros(w.shape)
        for index in np.ndindex(*w.shape):

            def along(t):
                moved = w64.copy()
                moved[index] = w64[index] + t
                return f(moved)

            grad[index] = _quotient(along, eps)
        return grad.astype(out_dtype)
    w = float(w)
    return _quotient(lambda t: f(w + t), eps)


def relative_error(a, b):
    a = np.asarray(a, dtype=np.float64)
    b = np.asarray(b, dtype=np.float64)
    if a.shape != b.shape:
        raise ValueError(f"shapes differ: {a.shape} and {b.shape}")
    if a.size == 0:
        return 0.0
    scale = np.abs(a) + np.abs(b)
    return float(np.max(np.abs(a - b) / np.clip(scale, 1e-8, None)))
