# The weights of the first call are used for every later call; each call should use its own W.
# task: vector
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


first = []


def affine(W, x, b):
    first.append(floating(W).copy())
    return floating(x) @ first[0].T + floating(b)
