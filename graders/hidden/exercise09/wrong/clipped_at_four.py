# Features beyond four standard deviations from the mean are clipped; outliers in a long row may be further away.
# task: normalise
import numpy as np


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    mean = x.mean(axis=-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(axis=-1, keepdims=True)
    y = (x - mean) / np.sqrt(variance + eps)
    y = np.clip(y, -4, 4)
    if gamma is not None:
        y = gamma * y
    if beta is not None:
        y = y + beta
    return y
