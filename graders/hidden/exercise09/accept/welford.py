# Welford's running mean and sum of squares, feature by feature.
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    x = floating(x)
    mean, squares = np.zeros_like(x[..., 0]), np.zeros_like(x[..., 0])
    for k in range(x.shape[-1]):
        delta = x[..., k] - mean
        mean = mean + delta / (k + 1)
        squares = squares + delta * (x[..., k] - mean)
    deviation = np.sqrt(squares / x.shape[-1] + eps)
    y = (x - mean[..., None]) / deviation[..., None]
    y = y if gamma is None else gamma * y
    return y if beta is None else y + beta
