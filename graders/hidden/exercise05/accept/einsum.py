# np.einsum, with an `if` for one sample.
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine_weight_gradient(dz, x):
    dz, x = floating(dz), floating(x)
    return np.einsum("i,j->ij" if dz.ndim == 1 else "ki,kj->ij", dz, x)


def affine_backward(dz, x, W):
    dz, W = floating(dz), floating(W)
    return (
        affine_weight_gradient(dz, x),
        np.einsum("...i,ij->...j", dz, W),
        np.einsum("i->i" if dz.ndim == 1 else "ki->i", dz),
    )
