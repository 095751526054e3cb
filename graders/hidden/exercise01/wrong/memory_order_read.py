# W was flattened in the order of memory: for a transposed array that is not its rows one after another.
# task: inputs
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine(W, x, b):
    W, x, b = floating(W), floating(x), floating(b)

    W = W.ravel(order="K").reshape(W.shape)
    return x @ W.T + b
