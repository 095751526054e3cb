# float32 arguments came back as float64: the dtype of the arguments is kept.
# task: types
import numpy as np


def floating(a):
    return a.astype(np.float64)


def affine_weight_gradient(dz, x):
    return np.atleast_2d(floating(dz)).T @ np.atleast_2d(floating(x))


def affine_backward(dz, x, W):
    dz, W = floating(dz), floating(W)
    return affine_weight_gradient(dz, x), dz @ W, np.atleast_2d(dz).sum(axis=0)
