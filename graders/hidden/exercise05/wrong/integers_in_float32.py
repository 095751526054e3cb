# Integers were computed in float32: they count as float64.
# task: types
import numpy as np


def floating(a):
    return a if a.dtype == np.float64 else a.astype(np.float32)


def affine_weight_gradient(dz, x):
    return np.atleast_2d(floating(dz)).T @ np.atleast_2d(floating(x))


def affine_backward(dz, x, W):
    dz, W = floating(dz), floating(W)
    return affine_weight_gradient(dz, x), dz @ W, np.atleast_2d(dz).sum(axis=0)
