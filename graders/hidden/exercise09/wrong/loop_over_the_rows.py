# A Python loop goes through the rows: operations on whole arrays normalise all of them.
# task: speed
import numpy as np


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    if x.ndim > 1:
        return np.array([layer_norm(row, gamma, beta, eps) for row in x])
    d = x - x.mean()
    y = d / np.sqrt((d * d).mean() + eps)
    if gamma is not None:
        y = gamma * y
    return y if beta is None else y + beta
