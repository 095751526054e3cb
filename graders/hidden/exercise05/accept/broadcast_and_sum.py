# Broadcasts to (n, out, in) and sums over the rows; returns a list instead of a tuple.
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def affine_weight_gradient(dz, x):
    shares = floating(dz)[..., :, None] * floating(x)[..., None, :]
    return shares if shares.ndim == 2 else shares.sum(axis=0)


def affine_backward(dz, x, W):
    dz, W = floating(dz), floating(W)
    dx = (dz[..., None] * W).sum(axis=-2)
    return [affine_weight_gradient(dz, x), dx, dz.reshape(-1, dz.shape[-1]).sum(axis=0)]
