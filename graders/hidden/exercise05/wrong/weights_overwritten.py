# W was updated in place (W -= dW): the caller's weights have changed.
# task: inputs
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine_weight_gradient(dz, x):
    return np.atleast_2d(floating(dz)).T @ np.atleast_2d(floating(x))


def affine_backward(dz, x, W):
    dz, x, W = floating(dz), floating(x), floating(W)
    dW, dx = affine_weight_gradient(dz, x), dz @ W
    W -= dW
    return dW, dx, np.atleast_2d(dz).sum(axis=0)
