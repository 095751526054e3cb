# gamma and beta folded into one factor and one shift.
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    x = floating(x)
    gamma = np.ones(x.shape[-1], x.dtype) if gamma is None else gamma
    beta = np.zeros(x.shape[-1], x.dtype) if beta is None else beta
    mean, r = x.mean(-1, keepdims=True), (x.var(-1, keepdims=True) + eps) ** -0.5
    factor = r * gamma
    return (x * factor + (beta - mean * factor)).astype(x.dtype)
