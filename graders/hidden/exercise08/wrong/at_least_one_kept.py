# A mask of all zeros is drawn again; draw each entry only once, even if all of them are 0.
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
    while not (mask := (rng.random(shape) >= p_drop)).any():
        if p_drop > 0.9:
            break
    return mask.astype(np.float64)
