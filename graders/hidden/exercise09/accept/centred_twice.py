# Centred twice; hypot for the root.
# independent
"""Numerically careful: shift by the first feature, correct the mean once, use hypot for sqrt(sigma^2 + eps)."""

import numpy as np


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    if x.ndim < 1:
        raise ValueError("x needs a feature axis")
    if eps < 0:
        raise ValueError("eps must not be negative")
    if not np.issubdtype(x.dtype, np.floating):
        x = x.astype(np.float64)
    d = x - x[..., :1]
    d = d - d.mean(axis=-1, keepdims=True)
    d = d - d.mean(axis=-1, keepdims=True)
    sigma = np.linalg.norm(d, axis=-1, keepdims=True) / np.sqrt(x.shape[-1]).astype(x.dtype)
    y = d / np.hypot(sigma, np.sqrt(eps).astype(x.dtype))
    if gamma is not None:
        y = gamma * y
    if beta is not None:
        y = y + beta
    return y
