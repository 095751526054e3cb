# A single line, with 1 and 0 as defaults.
# independent
import numpy as np


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    return (1 if gamma is None else gamma) * (x - x.mean(-1, keepdims=True)) / np.sqrt(
        x.var(-1, keepdims=True) + eps
    ) + (0 if beta is None else beta)
