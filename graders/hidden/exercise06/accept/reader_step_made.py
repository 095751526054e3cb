# The difference is divided by the actual step, (w + h) - (w - h).
# independent
import numpy as np


def numerical_gradient(f, w, eps=1e-5):
    """Symmetric quotient, divided by the distance that was really travelled, (w+h) - (w-h)."""
    scalar = not hasattr(w, "shape") or w.shape == ()
    theta = np.atleast_1d(np.asarray(w, dtype=np.float64))
    grad = np.zeros_like(theta)
    for idx, value in np.ndenumerate(theta):
        plus, minus = theta.copy(), theta.copy()
        plus[idx] = value + eps
        minus[idx] = value - eps
        if scalar:
            rise = f(plus[0]) - f(minus[0])
        else:
            rise = f(plus) - f(minus)
        grad[idx] = rise / (plus[idx] - minus[idx])
    if not hasattr(w, "dtype"):
        return float(grad[0])
    dtype = w.dtype if w.dtype in (np.float32, np.float64) else np.float64
    grad = grad.astype(dtype)
    return grad[0] if scalar else grad


def relative_error(a, b):
    a = np.atleast_1d(a) + 0.0
    b = np.atleast_1d(b) + 0.0
    diff = np.abs(a - b).ravel()
    size = np.abs(a.ravel()) + np.abs(b.ravel())
    size[size < 1e-8] = 1e-8
    return float((diff / size).max())
