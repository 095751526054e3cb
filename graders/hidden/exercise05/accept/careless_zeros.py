# np.zeros and loops, so always float64, whatever the arguments.
# core only
import numpy as np


def affine_weight_gradient(dz, x):
    dW = np.zeros((dz.shape[-1], x.shape[-1]))
    for row_dz, row_x in zip(np.atleast_2d(dz), np.atleast_2d(x)):
        for i in range(len(row_dz)):
            dW[i] += row_dz[i] * row_x
    return dW


def affine_backward(dz, x, W):
    db = np.zeros(W.shape[0])
    dx = np.zeros(x.shape)
    if dz.ndim == 1:
        db += dz
        dx += dz @ W
    else:
        for k in range(len(dz)):
            db += dz[k]
            dx[k] = dz[k] @ W
    return affine_weight_gradient(dz, x), dx, db
