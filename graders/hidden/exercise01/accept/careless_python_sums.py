# Python's sum over zip, wrapped in np.array.
# core only
import numpy as np


def affine(W, x, b):
    if x.ndim == 2:
        return np.array([affine(W, row, b) for row in x])
    return np.array([sum(w * v for w, v in zip(weights, x)) + bias for weights, bias in zip(W, b)])
