# Three nested loops over rows, outputs and inputs, which add to an array of zeros.
# independent
"""Exercise 5: the gradient of an affine layer."""

import numpy as np


def _float(a):
    if a.dtype == np.float32:
        return a
    return a.astype(np.float64)


def affine_weight_gradient(dz: np.ndarray, x: np.ndarray) -> np.ndarray:
    dz = _float(dz)
    x = _float(x)
    if dz.ndim == 1:
        dz = dz.reshape(1, len(dz))
        x = x.reshape(1, len(x))
    n, n_out = dz.shape
    n_in = x.shape[1]
    dW = np.zeros((n_out, n_in), dtype=dz.dtype)
    for k in range(n):
        for i in range(n_out):
            for j in range(n_in):
                dW[i, j] += dz[k, i] * x[k, j]
    return dW


def affine_backward(dz, x, W):
    dW = affine_weight_gradient(dz, x)
    dz = _float(dz)
    W = _float(W)
    single = dz.ndim == 1
    if single:
        dz = dz.reshape(1, len(dz))
    n, n_out = dz.shape
    n_in = W.shape[1]
    dx = np.zeros((n, n_in), dtype=dz.dtype)
    db = np.zeros(n_out, dtype=dz.dtype)
    for k in range(n):
        for i in range(n_out):
            db[i] += dz[k, i]
            for j in range(n_in):
                dx[k, j] += W[i, j] * dz[k, i]
    if single:
        dx = dx[0]
    return dW, dx, db
