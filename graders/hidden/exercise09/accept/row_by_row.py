# A function for one vector, applied along the last axis.
# without: speed
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    return np.apply_along_axis(of_a_vector, -1, floating(x), gamma, beta, eps)


def of_a_vector(x, gamma, beta, eps):
    d = x - np.sum(x) / len(x)
    y = d * np.sqrt(len(x) / (np.dot(d, d) + len(x) * eps))
    if gamma is not None:
        y *= gamma
    if beta is not None:
        y += beta
    return y.astype(x.dtype)
