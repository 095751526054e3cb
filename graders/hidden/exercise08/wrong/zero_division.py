# p_drop = 1 raises a ZeroDivisionError, and other invalid values raise nothing; raise a ValueError for all.
# task: errors
import numpy as np


def check(p_drop):
    return 1 / (1 - p_drop)


def dropout(h, mask, p_drop):
    check(p_drop)
    return h * mask / (1 - p_drop)


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    return (rng.random(shape) >= p_drop).astype(np.float64)
