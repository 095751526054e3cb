# Computes float32 arguments in float64 and rounds once at the end.
import numpy as np


def affine(W, x, b):
    kind = x.dtype if x.dtype.kind == "f" else np.dtype(float)
    z = np.tensordot(x.astype(float), W.astype(float), axes=([-1], [1]))
    z += b
    return z.astype(kind)
