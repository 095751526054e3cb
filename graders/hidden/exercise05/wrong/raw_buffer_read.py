# The buffer behind the array was read directly: that works only where the rows lie one after another.
# task: inputs
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine_weight_gradient(dz, x):
    dz, x = np.atleast_2d(floating(dz)), np.atleast_2d(floating(x))
    x = np.frombuffer(x, x.dtype).reshape(x.shape)
    return dz.T @ x


def affine_backward(dz, x, W):
    dz, W = floating(dz), floating(W)
    return affine_weight_gradient(dz, x), dz @ W, np.atleast_2d(dz).sum(axis=0)
