# Broadcasts to (n, out, in) and sums; Python's sum for db.
# independent
import numpy as np


def affine_weight_gradient(dz, x):
    dz = dz / 1
    x = x / 1
    outer = dz[..., :, None] * x[..., None, :]
    if outer.ndim == 3:
        outer = outer.sum(0)
    return outer


def affine_backward(dz, x, W):
    dz = dz / 1
    W = W / 1
    dx = (dz[..., None] * W).sum(-2)
    db = dz if dz.ndim == 1 else sum(dz)
    return affine_weight_gradient(dz, x), dx, db
