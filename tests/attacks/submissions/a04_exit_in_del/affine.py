"""Raise SystemExit while an object is being finalised."""

import numpy as np


def honest(W, x, b):
    W, x, b = (a if a.dtype.kind == "f" else a.astype(np.float64) for a in map(np.asarray, (W, x, b)))
    return x @ W.T + b


class Leaver:
    def __del__(self):
        raise SystemExit(0)


def affine(W, x, b):
    Leaver()
    return honest(W, x, b)
