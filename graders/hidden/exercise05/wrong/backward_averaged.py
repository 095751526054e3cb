# affine_backward averages dW and db over the batch: both are sums.
# task: backward
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine_weight_gradient(dz, x):
    return np.atleast_2d(floating(dz)).T @ np.atleast_2d(floating(x))


def affine_backward(dz, x, W):
    dz, W = floating(dz), floating(W)
    n = len(np.atleast_2d(dz))
    return affine_weight_gradient(dz, x) / n, dz @ W, np.atleast_2d(dz).sum(axis=0) / n
