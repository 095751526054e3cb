# A small number is added to 1 - p, which makes the result inexact; 1 - p is never 0, since p = 1 is rejected.
# task: dropout
import numpy as np


def check(p_drop):
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop = {p_drop} is not in [0, 1)")


def dropout(h, mask, p_drop):
    check(p_drop)
    return h * mask / (1 - p_drop + 1e-8)


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    return (rng.random(shape) >= p_drop).astype(np.float64)
