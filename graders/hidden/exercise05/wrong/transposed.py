# dW came back as (in, out): it has the shape of W, (out, in).
# task: sample
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine_weight_gradient(dz, x):
    dz, x = np.atleast_2d(floating(dz)), np.atleast_2d(floating(x))
    return x.T @ dz


def affine_backward(dz, x, W):
    dz, W = floating(dz), floating(W)
    return affine_weight_gradient(dz, x), dz @ W, np.atleast_2d(dz).sum(axis=0)
