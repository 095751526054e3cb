# The vector is made a batch, the bias a row, and the result flattened again.
# core only
import numpy as np


def affine(W, x, b):
    z = np.matmul(np.atleast_2d(x), np.transpose(W)) + b.reshape(1, -1)
    if x.ndim == 1:
        z = z.flatten()
    return z
