# Makes the vector a batch and the bias a row, then flattens the result.
# core only
import numpy as np


def affine(W, x, b):
    z = np.matmul(np.atleast_2d(x), np.transpose(W)) + b.reshape(1, -1)
    if x.ndim == 1:
        z = z.flatten()
    return z
