# Every mask keeps the same number of entries; draw each entry independently, so that the number varies.
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
    mask = np.zeros(size)
    mask[: round(size * (1 - p_drop))] = 1
    return rng.permutation(mask).reshape(shape)
