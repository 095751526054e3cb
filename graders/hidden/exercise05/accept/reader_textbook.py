# One line each: np.atleast_2d makes a sample a batch, and times 1.0 makes floats.
# independent
import numpy as np


def affine_weight_gradient(dz, x):
    return np.atleast_2d(dz * 1.0).T @ np.atleast_2d(x * 1.0)


def affine_backward(dz, x, W):
    return affine_weight_gradient(dz, x), (dz * 1.0) @ (W * 1.0), np.atleast_2d(dz * 1.0).sum(axis=0)
