# x is changed in place.
# core only
import numpy as np


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    x -= x.mean(axis=-1, keepdims=True)
    x /= np.sqrt((x**2).mean(axis=-1, keepdims=True) + eps)
    if gamma is not None:
        x *= gamma
    if beta is not None:
        x += beta
    return x
