# First the number of kept entries, from the binomial distribution, then which entries they are.
import numpy as np


def check(p_drop):
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop = {p_drop} is not in [0, 1)")


def dropout(h, mask, p_drop):
    check(p_drop)
    return np.multiply(h, mask) * np.float64(1 - p_drop).item() ** -1


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    mask = np.zeros(shape)
    kept = rng.binomial(mask.size, 1 - p_drop)
    mask.reshape(-1)[rng.choice(mask.size, kept, replace=False)] = 1
    return mask
