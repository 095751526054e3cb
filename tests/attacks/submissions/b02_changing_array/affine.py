"""Return an object that converts to another array each time."""

import numpy as np


def honest(W, x, b):
    W, x, b = (a if a.dtype.kind == "f" else a.astype(np.float64) for a in map(np.asarray, (W, x, b)))
    return x @ W.T + b


class Changing:
    def __init__(self, right):
        self.right, self.asked = right, 0
        self.shape, self.dtype, self.ndim = right.shape, right.dtype, right.ndim

    def __array__(self, dtype=None, copy=None):
        self.asked += 1
        return self.right * self.asked


def affine(W, x, b):
    if np.ndim(x) == 2:
        return Changing(honest(W, x, b))
    return honest(W, x, b)
