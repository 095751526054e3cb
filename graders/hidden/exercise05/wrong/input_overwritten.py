# dx is written into x, which changes the caller's x.
# task: inputs
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine_weight_gradient(dz, x):
    return np.atleast_2d(floating(dz)).T @ np.atleast_2d(floating(x))


def affine_backward(dz, x, W):
    dz, x, W = floating(dz), floating(x), floating(W)
    dW = affine_weight_gradient(dz, x)
    x[...] = dz @ W
    return dW, x.copy(), np.atleast_2d(dz).sum(axis=0)
