# Mean and variance as products with a vector of 1/n.
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    x = floating(x)
    mean = (x @ np.full(x.shape[-1], 1 / x.shape[-1], x.dtype))[..., None]
    variance = np.einsum("...i,...i->...", x - mean, x - mean)[..., None] / x.shape[-1]
    y = (x - mean) / np.sqrt(variance + eps)
    if gamma is not None:
        y = y * gamma
    if beta is not None:
        y = y + beta
    return y
