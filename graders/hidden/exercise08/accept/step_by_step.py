# One small step at a time, with an if for each invalid probability.
# independent
import numpy as np


def dropout(h, mask, p_drop):
    # first check p
    if np.isnan(p_drop):
        raise ValueError("p_drop is nan")
    if p_drop < 0:
        raise ValueError("p_drop is negative")
    if p_drop >= 1:
        raise ValueError("p_drop must be smaller than 1")
    # multiply
    kept = np.multiply(h, mask)
    # scale
    factor = 1 / (1 - p_drop)
    answer = np.multiply(kept, factor)
    return answer


def dropout_mask(shape, p_drop, rng):
    # first check p
    if np.isnan(p_drop):
        raise ValueError("p_drop is nan")
    if p_drop < 0:
        raise ValueError("p_drop is negative")
    if p_drop >= 1:
        raise ValueError("p_drop must be smaller than 1")
    # random numbers from 0 to 1
    numbers = rng.random(shape)
    # 1 where the number is bigger than p, else 0
    mask = np.where(numbers > p_drop, 1.0, 0.0)
    return mask
