# Private copies, reshaped in place and summed row by row.
# independent
import numpy as np


def _copy(a):
    """A private float copy that I may do anything with."""
    a = a.copy()
    if a.dtype.kind in "iu":
        a = a.astype(np.float64)
    return a


def affine_weight_gradient(dz, x):
    dz, x = _copy(dz), _copy(x)
    dz.shape = (-1, dz.shape[-1])
    x.shape = (-1, x.shape[-1])
    dW = np.zeros((dz.shape[1], x.shape[1]), dtype=np.result_type(dz, x))
    for g, row in zip(dz, x):
        dW += g[:, np.newaxis] * row
    return dW


def affine_backward(dz, x, W):
    dW = affine_weight_gradient(dz, x)
    dz, W = _copy(dz), _copy(W)
    dx = np.matmul(dz, W)
    db = dz
    while db.ndim > 1:
        db = np.add.reduce(db, axis=0)
    return dW, dx, db
