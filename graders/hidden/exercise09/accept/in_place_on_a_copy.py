# A copy of x, changed in place.
# independent
import numpy as np


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    if x.dtype.kind in "iu":
        y = x.astype(np.float64)
    else:
        y = x.copy()
    y -= y.mean(axis=-1, keepdims=True)
    s = y * y
    s = s.mean(axis=-1, keepdims=True)
    s += eps
    np.sqrt(s, out=s)
    y /= s
    if gamma is not None:
        y *= gamma
    if beta is not None:
        y += beta
    return y
