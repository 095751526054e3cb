# Each call of affine_backward adds its dW to that of earlier calls; every call should start from 0.
# task: backward
import numpy as np


TOTALS = {}


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine_weight_gradient(dz, x):
    return np.atleast_2d(floating(dz)).T @ np.atleast_2d(floating(x))


def affine_backward(dz, x, W):
    dz, W = floating(dz), floating(W)

    dW = affine_weight_gradient(dz, x)
    TOTALS[dW.shape] = TOTALS.get(dW.shape, 0) + dW
    return TOTALS[dW.shape].astype(dW.dtype), dz @ W, np.atleast_2d(dz).sum(axis=0)
