# Typed in a hurry: einsum.
# independent
import numpy as np


def affine_weight_gradient(dz, x, dtype=None):
    if dz.ndim == 1:
        return np.einsum("i,j->ij", dz, x)
    return np.einsum("ni,nj->ij", dz, x)


def affine_backward(dz, x, W):
    dz, x, W = np.float64(dz), np.float64(x), np.float64(W)
    dx = np.einsum("...i,ij->...j", dz, W)
    db = dz if dz.ndim == 1 else np.einsum("ni->i", dz)
    return (affine_weight_gradient(dz, x), dx, db)
