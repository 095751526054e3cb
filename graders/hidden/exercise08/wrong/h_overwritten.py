# h is scaled in place, which changes the caller's array.
# task: inputs
import numpy as np


def check(p_drop):
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop = {p_drop} is not in [0, 1)")


def dropout(h, mask, p_drop):
    check(p_drop)
    if h.dtype.kind != "f":
        return h * mask / (1 - p_drop)
    h *= mask
    h /= 1 - p_drop
    return h.copy()


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    return (rng.random(shape) >= p_drop).astype(np.float64)
