# x was scaled in place (x *= dz): the caller's x has changed.
# task: inputs
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine_weight_gradient(dz, x):
    dz, x = floating(dz), floating(x)
    if dz.ndim == 2:
        return dz.T @ x
    dW = np.outer(dz, x)
    x *= dz[0]
    return dW


def affine_backward(dz, x, W):
    dz, W = floating(dz), floating(W)
    return affine_weight_gradient(dz, x), dz @ W, np.atleast_2d(dz).sum(axis=0)
