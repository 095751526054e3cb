# np.zeros without a dtype is float64, so dW of float32 arguments is too.
# task: types
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine_weight_gradient(dz, x):
    dz, x = np.atleast_2d(floating(dz)), np.atleast_2d(floating(x))
    dW = np.zeros((dz.shape[1], x.shape[1]))
    for dz_k, x_k in zip(dz, x):
        dW += np.outer(dz_k, x_k)
    return dW


def affine_backward(dz, x, W):
    dz, W = floating(dz), floating(W)
    return affine_weight_gradient(dz, x), dz @ W, np.atleast_2d(dz).sum(axis=0)
