# Integers were converted after the product: by then it may have overflowed; convert the arguments.
# task: types
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine_weight_gradient(dz, x):
    return floating(np.atleast_2d(dz).T @ np.atleast_2d(x))


def affine_backward(dz, x, W):
    return affine_weight_gradient(dz, x), floating(dz @ W), floating(np.atleast_2d(dz).sum(axis=0))
