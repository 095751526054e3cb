# Integers were computed as integers: int64 arguments give float64.
# task: types
import numpy as np


def floating(a):
    return a


def affine_weight_gradient(dz, x):
    return np.atleast_2d(floating(dz)).T @ np.atleast_2d(floating(x))


def affine_backward(dz, x, W):
    dz, W = floating(dz), floating(W)
    return affine_weight_gradient(dz, x), dz @ W, np.atleast_2d(dz).sum(axis=0)
