# The last entry is neither dropped nor scaled; apply the mask to all entries.
# task: dropout
import numpy as np


def check(p_drop):
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop = {p_drop} is not in [0, 1)")


def dropout(h, mask, p_drop):
    check(p_drop)
    out = h * mask / (1 - p_drop)
    out.reshape(-1)[-1] = h.reshape(-1)[-1]
    return out


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    return (rng.random(shape) >= p_drop).astype(np.float64)
