# float64 arguments were computed in float32: half of their digits are lost.
# task: sample
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine_weight_gradient(dz, x):
    dtype = floating(dz).dtype
    return (np.atleast_2d(dz).astype(np.float32).T @ np.atleast_2d(x).astype(np.float32)).astype(dtype)


def affine_backward(dz, x, W):
    dz, W = floating(dz), floating(W)
    return affine_weight_gradient(dz, x), dz @ W, np.atleast_2d(dz).sum(axis=0)
