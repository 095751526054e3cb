# np.where; each entry is kept if a uniform number is below 1 - p.
import numpy as np


def check(p_drop):
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop = {p_drop} is not in [0, 1)")


def dropout(h, mask, p_drop):
    check(p_drop)
    return np.where(mask == 1, h / (1 - p_drop), 0)


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    return np.where(rng.random(shape) < 1 - p_drop, 1.0, 0.0)
