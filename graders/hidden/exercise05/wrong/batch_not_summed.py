# Each row has kept its own gradient (n, out, in): all rows share W, so their gradients are summed.
# task: batch
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine_weight_gradient(dz, x):
    if dz.ndim == 1:
        return np.outer(floating(dz), floating(x))
    dz, x = floating(dz), floating(x)
    return dz[:, :, None] * x[:, None, :]


def affine_backward(dz, x, W):
    dz, W = floating(dz), floating(W)
    return affine_weight_gradient(dz, x), dz @ W, np.atleast_2d(dz).sum(axis=0)
