# The mask repeats itself after a thousand entries; draw every entry independently.
# task: mask
import numpy as np


def check(p_drop):
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop = {p_drop} is not in [0, 1)")


def dropout(h, mask, p_drop):
    check(p_drop)
    return h * mask / (1 - p_drop)


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    size = int(np.prod(shape))
    return np.resize((rng.random(min(size, 1000)) >= p_drop).astype(np.float64), shape)
