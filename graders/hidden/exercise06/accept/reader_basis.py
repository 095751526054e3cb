# A list comprehension over the rows of eps times the identity matrix.
# independent
import numpy as np


def numerical_gradient(f, w, eps=1e-5):
    w_ = np.asarray(w, dtype=np.float64)
    basis = eps * np.eye(w_.size).reshape(w_.size, *w_.shape)
    g = np.array([(f(w_ + e) - f(w_ - e)) / (2 * eps) for e in basis]).reshape(w_.shape)
    if np.isscalar(w):
        return g.item()
    return g.astype(np.result_type(w.dtype, np.float32) if w.dtype.kind == "f" else np.float64)


def relative_error(a, b):
    a, b = (np.asarray(t, dtype=np.float64) for t in (a, b))
    return (np.abs(a - b) / np.maximum(1e-8, np.abs(a) + np.abs(b))).max().item()
