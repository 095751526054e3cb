# Features first, with ufuncs that write into a fresh array.
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    columns = np.moveaxis(floating(x).copy(), -1, 0)
    columns -= columns.mean(axis=0)
    columns /= np.sqrt(np.square(columns).mean(axis=0) + eps)
    y = np.moveaxis(columns, 0, -1)
    if gamma is not None:
        np.multiply(y, gamma, out=y)
    if beta is not None:
        np.add(y, beta, out=y)
    return y
