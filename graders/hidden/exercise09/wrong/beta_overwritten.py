# For a vector the result is written into beta (beta += y), which changes the caller's array.
# task: inputs
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    x = floating(x)
    mean = x.mean(axis=-1, keepdims=True)
    variance = x.var(axis=-1, keepdims=True)
    y = (x - mean) / np.sqrt(variance + eps)
    if gamma is not None:
        y = y * gamma
    if beta is not None:
        if y.shape == beta.shape and y.dtype == beta.dtype:
            beta += y
            y = beta
        else:
            y = y + beta
    return y
