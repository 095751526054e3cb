# np.where in both functions, and an assertion instead of a ValueError.
# core only
import numpy as np


def dropout(h, mask, p_drop):
    assert 0 <= p_drop < 1
    return np.where(mask == 1, h, 0) * (1 / (1 - p_drop))


def dropout_mask(shape, p_drop, rng):
    assert 0 <= p_drop < 1
    return np.where(rng.random(shape) < 1 - p_drop, 1.0, 0.0)
