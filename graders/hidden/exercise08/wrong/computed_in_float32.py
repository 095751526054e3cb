# With float64 arrays, the result is computed in float32, which loses half of its digits.
# task: dropout
import numpy as np


def check(p_drop):
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop = {p_drop} is not in [0, 1)")


def dropout(h, mask, p_drop):
    check(p_drop)
    out = h.astype(np.float32) * mask.astype(np.float32) / np.float32(1 - p_drop)
    return out if h.dtype == np.float32 else out.astype(np.float64)


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    return (rng.random(shape) >= p_drop).astype(np.float64)
