# Integers are converted to float32; int64 arguments should give a float64 result.
# task: types
import numpy as np


def affine(W, x, b):
    W, x, b = (a if a.dtype == np.float64 else a.astype(np.float32) for a in (W, x, b))
    return x @ W.T + b
