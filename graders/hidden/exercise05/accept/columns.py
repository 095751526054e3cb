# Samples as columns, as on paper, and transposed back.
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine_weight_gradient(dz, x):
    dZ, X = np.atleast_2d(floating(dz)).T, np.atleast_2d(floating(x)).T
    return np.dot(dZ, X.T)


def affine_backward(dz, x, W):
    dZ = np.atleast_2d(floating(dz)).T
    dX = np.dot(floating(W).T, dZ)
    return affine_weight_gradient(dz, x), dX.T.reshape(x.shape), np.dot(dZ, np.ones(dZ.shape[1], dZ.dtype))
