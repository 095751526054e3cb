# The mean and variance from the first call are used for all later calls; compute them in every call.
# task: normalise
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


statistics = []


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    x = floating(x)
    mean = x.mean(axis=-1, keepdims=True)
    variance = x.var(axis=-1, keepdims=True)
    if not statistics:
        statistics.extend([mean.mean(), variance.mean()])
    mean, variance = statistics
    y = (x - mean) / np.sqrt(variance + eps)
    if gamma is not None:
        y = y * gamma
    if beta is not None:
        y = y + beta
    return y
