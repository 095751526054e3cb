# The variance is computed as E[x²] - mean² in float64, which is still inaccurate far from 0.
# task: offset
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    x = floating(x)
    mean = x.mean(axis=-1, keepdims=True)
    variance = (
        (x.astype(np.float64) ** 2).mean(axis=-1, keepdims=True) - x.mean(axis=-1, dtype=np.float64, keepdims=True) ** 2
    ).astype(x.dtype)
    y = (x - mean) / np.sqrt(variance + eps)
    if gamma is not None:
        y = y * gamma
    if beta is not None:
        y = y + beta
    return y
