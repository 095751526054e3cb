# db of float32 arguments came back as float64: the dtype of the arguments is kept.
# task: types
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine_weight_gradient(dz, x):
    return np.atleast_2d(floating(dz)).T @ np.atleast_2d(floating(x))


def affine_backward(dz, x, W):
    dz, W = floating(dz), floating(W)
    return affine_weight_gradient(dz, x), dz @ W, np.atleast_2d(dz).sum(axis=0, dtype=np.float64)
