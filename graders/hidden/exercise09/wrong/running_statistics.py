# The mean and variance are averaged with those of earlier calls, as in batch normalisation.
# task: normalise
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


running = {}


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    x = floating(x)
    mean = x.mean(axis=-1, keepdims=True)
    variance = x.var(axis=-1, keepdims=True)
    if x.shape[-1] in running:
        mean, variance = (0.9 * old + 0.1 * new for old, new in zip(running[x.shape[-1]], (mean, variance)))
    running[x.shape[-1]] = mean.mean(), variance.mean()
    y = (x - mean) / np.sqrt(variance + eps)
    if gamma is not None:
        y = y * gamma
    if beta is not None:
        y = y + beta
    return y
