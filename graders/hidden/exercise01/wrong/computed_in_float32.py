# Even with float64 arguments, everything is computed in float32, which loses half of their digits.
# task: vector
import numpy as np


def affine(W, x, b):
    z = x.astype(np.float32) @ W.astype(np.float32).T + b.astype(np.float32)
    return z if x.dtype == np.float32 else z.astype(np.float64)
