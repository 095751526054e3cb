# Computes float32 arguments in float64 and rounds once at the end.
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def two_layer_forward(x, W1, W2):
    kind = floating(x).dtype
    a = np.tensordot(x.astype(float), W1.astype(float), axes=(-1, -1))
    h = np.where(a > 0, a, 0.0)
    return h.astype(kind), np.tensordot(h, W2.astype(float), axes=(-1, -1)).astype(kind)
