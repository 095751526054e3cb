# All calls for the same shape write into the same array, so a new call changes earlier masks.
# task: generator
import numpy as np

buffers = {}


def check(p_drop):
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop = {p_drop} is not in [0, 1)")


def dropout(h, mask, p_drop):
    check(p_drop)
    return h * mask / (1 - p_drop)


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    mask = buffers.setdefault(shape, np.empty(shape))
    mask[...] = rng.random(shape) >= p_drop
    return mask
