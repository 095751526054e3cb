# The mean and variance are taken over the whole array; each row should have its own.
# task: normalise
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    x = floating(x)
    mean = x.mean(axis=None, keepdims=True)
    variance = x.var(axis=None, keepdims=True)
    y = (x - mean) / np.sqrt(variance + eps)
    if gamma is not None:
        y = y * gamma
    if beta is not None:
        y = y + beta
    return y
