# The result is written into h and h itself is returned; return a new array.
# task: inputs
import numpy as np


def check(p_drop):
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop = {p_drop} is not in [0, 1)")


def dropout(h, mask, p_drop):
    check(p_drop)
    if h.dtype.kind != "f":
        return h * mask / (1 - p_drop)
    np.multiply(h, mask / (1 - p_drop), out=h)
    return h


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    return (rng.random(shape) >= p_drop).astype(np.float64)
