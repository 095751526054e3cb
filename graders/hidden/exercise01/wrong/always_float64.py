# float32 arguments came back as float64: the dtype of the arguments is kept.
# task: types
import numpy as np


def affine(W, x, b):
    return x.astype(np.float64) @ W.astype(np.float64).T + b.astype(np.float64)
