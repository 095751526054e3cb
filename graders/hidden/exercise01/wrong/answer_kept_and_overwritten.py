# The result is written into an array that every call reuses, so the next call overwrites it.
# task: inputs
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


kept = {}


def affine(W, x, b):
    z = floating(x) @ floating(W).T + floating(b)
    answer = kept.setdefault((z.shape, z.dtype), np.empty_like(z))
    answer[...] = z
    return answer
