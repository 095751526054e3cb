# dz was changed in place (dz *= ...), and the caller still needs it.
# task: inputs
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine_weight_gradient(dz, x):
    return np.atleast_2d(floating(dz)).T @ np.atleast_2d(floating(x))


def affine_backward(dz, x, W):
    dz, x, W = floating(dz), floating(x), floating(W)
    dW, dx = affine_weight_gradient(dz, x), dz @ W
    rows = dz.reshape(-1, dz.shape[-1]) if dz.ndim == 1 else dz
    for k in range(1, len(rows)):
        rows[0] += rows[k]
    return dW, dx, rows[0].copy()
