# p_drop is never checked; outside [0, 1) it should raise a ValueError.
# task: errors
import numpy as np


def check(p_drop):
    return p_drop


def dropout(h, mask, p_drop):
    check(p_drop)
    return h * mask / (1 - p_drop)


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    return (rng.random(shape) >= p_drop).astype(np.float64)
