# Typed in a hurry: Python loops.
# independent
import numpy as np


def affine_weight_gradient(dz, x):
    if dz.ndim == 1:
        return np.array([[d * v for v in x] for d in dz])
    dW = np.zeros((dz.shape[1], x.shape[1]))
    for k in range(len(dz)):
        for i in range(dz.shape[1]):
            for j in range(x.shape[1]):
                dW[i, j] += dz[k, i] * x[k, j]
    return dW


def affine_backward(dz, x, W):
    dW = affine_weight_gradient(dz, x)
    if dz.ndim == 1:
        db = dz
        dx = np.array([sum(W[i, j] * dz[i] for i in range(len(dz))) for j in range(len(x))])
    else:
        db = sum(dz)
        dx = np.array([[sum(W[i, j] * d[i] for i in range(len(d))) for j in range(x.shape[1])] for d in dz])
    return dW, dx, db
