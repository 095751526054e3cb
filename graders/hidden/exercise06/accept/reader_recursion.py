# Recursion over the axes: each row becomes the argument of its own function.
# independent
import numpy as np


def numerical_gradient(f, w, eps=1e-5):
    """A float is the base case; an array is a row of smaller arrays, each the argument of a function of its own."""
    if np.ndim(w) == 0:
        if isinstance(w, np.ndarray):
            return np.array(numerical_gradient(lambda v: f(np.array(v)), float(w), eps), dtype=result_type(w))
        return float((f(w + eps) - f(w - eps)) / (2 * eps))

    w64 = np.array(w, dtype=np.float64)
    grad = np.zeros(w64.shape)
    for k in range(len(w64)):

        def f_of_row(row, k=k):
            everything = w64.copy()
            everything[k] = row
            return f(everything)

        # w64[k] is a NumPy scalar if w has one axis, which is fine
        grad[k] = numerical_gradient(f_of_row, w64[k], eps)
    return grad.astype(result_type(w))


def result_type(w):
    return np.float32 if w.dtype == np.float32 else np.float64


def relative_error(a, b):
    if np.ndim(a) > 0:
        return max((relative_error(p, q) for p, q in zip(a, b)), default=0.0)
    a, b = float(a), float(b)
    return abs(a - b) / max(1e-8, abs(a) + abs(b))
