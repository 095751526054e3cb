# h is scaled in place, so the caller's array changes.
# core only
import numpy as np


def dropout(h, mask, p_drop):
    h *= mask
    h /= 1 - p_drop
    return h


def dropout_mask(shape, p_drop, rng):
    return np.where(rng.uniform(size=shape) < p_drop, 0, 1)
