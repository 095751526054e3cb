# For a batch of one row, dx loses its batch axis; it should have the shape of x, (1, in).
# task: backward
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine_weight_gradient(dz, x):
    return np.atleast_2d(floating(dz)).T @ np.atleast_2d(floating(x))


def affine_backward(dz, x, W):
    dz, W = floating(dz), floating(W)
    dx = dz @ W
    return (
        affine_weight_gradient(dz, x),
        dx[0] if dx.shape[0] == 1 and dx.ndim == 2 else dx,
        np.atleast_2d(dz).sum(axis=0),
    )
