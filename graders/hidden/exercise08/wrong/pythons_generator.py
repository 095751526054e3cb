# The mask comes from Python's random module instead of rng.
# task: generator
import random

import numpy as np


def check(p_drop):
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop = {p_drop} is not in [0, 1)")


def dropout(h, mask, p_drop):
    check(p_drop)
    return h * mask / (1 - p_drop)


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    mask = np.zeros(shape)
    mask.flat = [float(random.random() >= p_drop) for _ in range(mask.size)]
    return mask
