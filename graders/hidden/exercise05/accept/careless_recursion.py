# Broadcasting for one sample; sums and stacks of such results for a batch.
# core only
import numpy as np


def affine_weight_gradient(dz, x):
    if dz.ndim == 2:
        return sum(affine_weight_gradient(d, v) for d, v in zip(dz, x))
    return dz[:, None] * x[None, :]


def affine_backward(dz, x, W):
    if dz.ndim == 2:
        dWs, dxs, dbs = zip(*(affine_backward(d, v, W) for d, v in zip(dz, x)))
        return sum(dWs), np.array(dxs), sum(dbs)
    return affine_weight_gradient(dz, x), np.sum(W * dz[:, None], axis=0), dz
