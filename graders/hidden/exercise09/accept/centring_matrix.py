# A product with the centring matrix.
# independent
"""The centring matrix C = I - 11'/n is a projection: x C is x less its mean, and |x C|^2 / n the variance."""

import numpy as np


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    n = x.shape[-1]
    dtype = np.float32 if x.dtype == np.float32 else np.float64
    C = np.eye(n, dtype=dtype) - np.full((n, n), 1 / n, dtype=dtype)
    d = np.matmul(x, C)
    y = d / np.sqrt((d * d).sum(axis=-1, keepdims=True) / n + eps)
    if gamma is not None:
        y = np.matmul(y, np.diag(gamma))
    if beta is not None:
        y = y + beta
    return y
