# Typed in a hurry: samples as columns.
# independent
import numpy as np


def affine(W, x, b):
    # Andrew Ng style: everything is a column
    X = x.reshape(-1, 1) if x.ndim == 1 else x.T
    Z = np.dot(W, X) + b.reshape(-1, 1)
    if x.ndim == 1:
        return Z.ravel()
    return Z.T
