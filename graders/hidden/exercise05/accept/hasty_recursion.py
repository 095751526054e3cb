# Typed in a hurry: recursion over the rows.
# independent
import numpy as np


def affine_weight_gradient(dz, x):
    dz = dz * 1.0
    if dz.ndim == 2:
        if len(dz) == 1:
            return np.outer(dz[0], x[0])
        return np.outer(dz[0], x[0]) + affine_weight_gradient(dz[1:], x[1:])
    return np.outer(dz, x)


def affine_backward(dz, x, W):
    dz = dz * 1.0
    dW = affine_weight_gradient(dz, x)
    dx = dz @ W
    db = dz if dz.ndim == 1 else dz.sum(axis=0)
    return dW, dx, db
