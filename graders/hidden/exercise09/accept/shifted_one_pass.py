# A single pass, after the first feature is subtracted from the row.
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    x = floating(x)
    mean = x.mean(axis=-1, keepdims=True)
    d = x - x[..., :1]
    variance = np.maximum((d**2).mean(axis=-1, keepdims=True) - d.mean(axis=-1, keepdims=True) ** 2, 0)
    y = (x - mean) / np.sqrt(variance + eps)
    if gamma is not None:
        y = y * gamma
    if beta is not None:
        y = y + beta
    return y
