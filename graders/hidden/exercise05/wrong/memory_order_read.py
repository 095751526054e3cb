# dz was flattened in the order of memory: for a transposed array that is not its rows one after another.
# task: inputs
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine_weight_gradient(dz, x):
    dz, x = np.atleast_2d(floating(dz)), np.atleast_2d(floating(x))
    dz = dz.ravel(order="K").reshape(dz.shape)
    return dz.T @ x


def affine_backward(dz, x, W):
    dz, W = floating(dz), floating(W)
    return affine_weight_gradient(dz, x), dz @ W, np.atleast_2d(dz).sum(axis=0)
