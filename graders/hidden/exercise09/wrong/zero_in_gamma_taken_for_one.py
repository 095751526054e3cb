# A 0 in gamma is replaced by 1; the feature should become 0, plus beta.
# task: parameters
import numpy as np


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    mean = x.mean(axis=-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(axis=-1, keepdims=True)
    y = (x - mean) / np.sqrt(variance + eps)
    if gamma is not None:
        y = np.where(gamma == 0, 1, gamma).astype(gamma.dtype) * y
    if beta is not None:
        y = y + beta
    return y
