# The two conditions were joined with `and`: no number is below 0 and not below 1.
# task: errors
import numpy as np


def check(p_drop):
    if p_drop < 0 and p_drop >= 1:
        raise ValueError(f"p_drop = {p_drop} is no probability below 1")


def dropout(h, mask, p_drop):
    check(p_drop)
    with np.errstate(all="ignore"):
        return h * mask / np.maximum(1 - p_drop, 1e-12)


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    return (rng.random(shape) >= p_drop).astype(np.float64)
