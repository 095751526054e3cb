"""Make the interpreter's C code recurse until its stack overflows."""

import numpy as np


def honest(W, x, b):
    W, x, b = (a if a.dtype.kind == "f" else a.astype(np.float64) for a in map(np.asarray, (W, x, b)))
    return x @ W.T + b


def affine(W, x, b):
    if np.ndim(x) == 2:
        nested = ()
        for _ in range(500_000):
            nested = (nested,)
        return hash(nested)
    return honest(W, x, b)
