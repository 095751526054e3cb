# np.vectorize over flat positions, np.where for the step.
# independent
import numpy as np


def numerical_gradient(f, w, eps=1e-5):
    w = np.asarray(w) if not np.isscalar(w) else w
    if np.isscalar(w):
        return float((f(w + eps) - f(w - eps)) / (2 * eps))
    W = w.astype(float)

    def partial(k):
        e = np.where(np.arange(W.size).reshape(W.shape) == k, eps, 0.0)
        return (f(W + e) - f(W - e)) / (2 * eps)

    grad = np.vectorize(partial, otypes=[float])(np.arange(W.size).reshape(W.shape))
    if w.dtype.kind in "iub":
        return grad
    return grad.astype(w.dtype)


def relative_error(a, b):
    a = np.asarray(a, dtype=float)
    b = np.asarray(b, dtype=float)
    total = np.abs(a) + np.abs(b)
    return float(np.max(np.where(total > 1e-8, np.abs(a - b) / np.where(total > 1e-8, total, 1), np.abs(a - b) / 1e-8)))
