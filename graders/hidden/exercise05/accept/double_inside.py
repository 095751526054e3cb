# Computes float32 arguments in float64 and rounds once at the end.
import numpy as np


def kept(answer, argument):
    return answer.astype(np.float32) if argument.dtype == np.float32 else answer


def affine_weight_gradient(dz, x):
    d, v = np.array(dz, dtype=float, ndmin=2), np.array(x, dtype=float, ndmin=2)
    return kept(np.tensordot(d, v, axes=(0, 0)), x)


def affine_backward(dz, x, W):
    d = np.array(dz, dtype=float)
    db = d.copy() if d.ndim == 1 else d.sum(axis=0)
    return affine_weight_gradient(dz, x), kept(d @ W.astype(float), x), kept(db, dz)
