# A p_drop above 1 is accepted; only 1 itself is rejected.
# task: errors
import numpy as np


def check(p_drop):
    if p_drop < 0 or p_drop == 1:
        raise ValueError(f"p_drop = {p_drop} is not in [0, 1)")


def dropout(h, mask, p_drop):
    check(p_drop)
    return h * mask / (1 - p_drop)


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    return (rng.random(shape) >= p_drop).astype(np.float64)
