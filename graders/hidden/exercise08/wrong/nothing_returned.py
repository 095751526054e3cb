# An invalid p_drop returns None; it should raise a ValueError.
# task: errors
import numpy as np


def dropout(h, mask, p_drop):
    if not 0 <= p_drop < 1:
        return None
    return h * mask / (1 - p_drop)


def dropout_mask(shape, p_drop, rng):
    if not 0 <= p_drop < 1:
        return None
    return (rng.random(shape) >= p_drop).astype(np.float64)
