# The variance as the mean of the squares minus the square of the mean.
# core only
import numpy as np


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    mean = x.mean(-1, keepdims=True)
    variance = (x**2).mean(-1, keepdims=True) - mean**2
    y = (x - mean) / np.sqrt(variance + eps)
    if gamma is not None:
        y = y * gamma
    if beta is not None:
        y = y + beta
    return y
