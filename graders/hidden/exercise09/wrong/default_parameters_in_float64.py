# The default ones and zeros for gamma and beta are float64, which makes a float32 result float64.
# task: types
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    x = floating(x)
    mean = x.mean(axis=-1, keepdims=True)
    variance = x.var(axis=-1, keepdims=True)
    y = (x - mean) / np.sqrt(variance + eps)
    gamma = np.ones(x.shape[-1]) if gamma is None else gamma
    beta = np.zeros(x.shape[-1]) if beta is None else beta
    y = y * gamma + beta
    return y
