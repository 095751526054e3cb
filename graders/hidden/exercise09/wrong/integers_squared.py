# Integers were squared as integers, which overflows: convert them first.
# task: types
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    mean = x.mean(axis=-1, keepdims=True)
    variance = (
        (x**2).mean(axis=-1, keepdims=True, dtype=np.float64) - mean**2
        if np.issubdtype(x.dtype, np.integer)
        else x.var(axis=-1, keepdims=True)
    )
    y = (x - mean) / np.sqrt(np.maximum(variance, 0) + eps)
    if gamma is not None:
        y = y * gamma
    if beta is not None:
        y = y + beta
    return y
