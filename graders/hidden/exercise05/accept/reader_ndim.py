# A beginner's `if x.ndim == 1`, and a loop that adds one np.outer after another.
# independent
import numpy as np


def affine_weight_gradient(dz, x):
    # integers to float64
    if np.issubdtype(dz.dtype, np.integer):
        dz = dz.astype(float)
    if np.issubdtype(x.dtype, np.integer):
        x = x.astype(float)

    if x.ndim == 1:
        # one sample
        return np.outer(dz, x)
    else:
        # batch: add up the outer product of every row
        dW = np.outer(dz[0], x[0])
        for k in range(1, len(x)):
            dW = dW + np.outer(dz[k], x[k])
        return dW


def affine_backward(dz, x, W):
    if np.issubdtype(dz.dtype, np.integer):
        dz = dz.astype(float)
    if np.issubdtype(W.dtype, np.integer):
        W = W.astype(float)

    dW = affine_weight_gradient(dz, x)
    dx = np.dot(dz, W)
    if x.ndim == 1:
        db = dz.copy()
    else:
        db = np.sum(dz, axis=0)
    return dW, dx, db
