# The mean of integers is rounded down; convert x to float64 first.
# task: types
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    if not np.issubdtype(x.dtype, np.floating):
        x = (x - x.astype(np.int64).sum(axis=-1, keepdims=True) // x.shape[-1]).astype(np.float64)
        y = x / np.sqrt((x**2).mean(axis=-1, keepdims=True) + eps)
        y = y if gamma is None else y * gamma
        return y if beta is None else y + beta
    mean = x.mean(axis=-1, keepdims=True)
    variance = x.var(axis=-1, keepdims=True)
    y = (x - mean) / np.sqrt(variance + eps)
    if gamma is not None:
        y = y * gamma
    if beta is not None:
        y = y + beta
    return y
