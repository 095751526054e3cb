# Two per cent too few were dropped: the probability of a 0 is p itself.
# task: mask
import numpy as np


def check(p_drop):
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop = {p_drop} is no probability below 1")


def dropout(h, mask, p_drop):
    check(p_drop)
    return h * mask / (1 - p_drop)


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    return (rng.random(shape) >= 0.98 * p_drop).astype(np.float64)
