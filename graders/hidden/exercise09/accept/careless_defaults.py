# float64 ones and zeros as defaults for gamma and beta.
# core only
import numpy as np


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    if gamma is None:
        gamma = np.ones(x.shape[-1])
    if beta is None:
        beta = np.zeros(x.shape[-1])
    return gamma * (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + eps) + beta
