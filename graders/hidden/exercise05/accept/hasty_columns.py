# Typed in a hurry: samples as columns.
# independent
import numpy as np


def affine_weight_gradient(dz, x):
    dZ = dz.reshape(-1, 1) if dz.ndim == 1 else dz.T
    A_prev = x.reshape(-1, 1) if x.ndim == 1 else x.T
    return np.dot(dZ, A_prev.T)


def affine_backward(dz, x, W):
    dZ = dz.reshape(-1, 1) if dz.ndim == 1 else dz.T
    dW = affine_weight_gradient(dz, x)
    db = np.sum(dZ, axis=1, keepdims=True)
    dA_prev = np.dot(W.T, dZ)
    assert dW.shape == W.shape
    return dW, dA_prev.T.reshape(x.shape), db.flatten()
