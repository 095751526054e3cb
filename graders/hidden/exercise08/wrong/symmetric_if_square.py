# A square mask is symmetric; draw each entry independently.
# task: mask
import numpy as np


def check(p_drop):
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop = {p_drop} is not in [0, 1)")


def dropout(h, mask, p_drop):
    check(p_drop)
    return h * mask / (1 - p_drop)


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    u = rng.random(shape)
    if u.ndim == 2 and u.shape[0] == u.shape[1]:
        u = np.triu(u) + np.triu(u, 1).T
    return (u >= p_drop).astype(np.float64)
