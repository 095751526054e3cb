# The entries were read in the order of memory, which is not that of the axes in every array.
# task: inputs
import numpy as np


def check(p_drop):
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop = {p_drop} is no probability below 1")


def dropout(h, mask, p_drop):
    check(p_drop)
    return (h.ravel("K") * mask.ravel("K") / (1 - p_drop)).reshape(h.shape)


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    return (rng.random(shape) >= p_drop).astype(np.float64)
