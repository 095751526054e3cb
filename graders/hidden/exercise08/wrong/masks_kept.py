# The mask is stored and returned again for the same shape and p; every call should draw a new one.
# task: generator
import numpy as np

kept = {}


def check(p_drop):
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop = {p_drop} is not in [0, 1)")


def dropout(h, mask, p_drop):
    check(p_drop)
    return h * mask / (1 - p_drop)


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    key = shape, p_drop
    if key not in kept:
        kept[key] = (rng.random(shape) >= p_drop).astype(np.float64)
    return kept[key].copy()
