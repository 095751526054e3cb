# The result is written into an array that every call reuses, so the next call overwrites it.
# task: inputs
import numpy as np


BUFFERS = {}


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine_weight_gradient(dz, x):
    dz, x = np.atleast_2d(floating(dz)), np.atleast_2d(floating(x))
    dW = BUFFERS.setdefault((dz.shape[1], x.shape[1], dz.dtype), np.empty((dz.shape[1], x.shape[1]), dz.dtype))
    return np.matmul(dz.T, x, out=dW)


def affine_backward(dz, x, W):
    dz, W = floating(dz), floating(W)
    return affine_weight_gradient(dz, x), dz @ W, np.atleast_2d(dz).sum(axis=0)
