# The buffer behind the array was read directly: that works only where the rows lie one after another.
# task: inputs
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine(W, x, b):
    W, x, b = floating(W), floating(x), floating(b)

    W, x, b = (np.frombuffer(a, a.dtype).reshape(a.shape) for a in (W, x, b))
    return x @ W.T + b
