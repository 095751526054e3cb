# In a batch the bias was added along the samples: b has one entry for each output.
# task: batch
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine(W, x, b):
    W, x, b = floating(W), floating(x), floating(b)
    return W @ x + b if x.ndim == 1 else (W @ x.T + b).T
