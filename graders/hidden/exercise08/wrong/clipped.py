# An invalid p_drop is clipped to a valid one; it should raise a ValueError.
# task: errors
import numpy as np


def possible(p_drop):
    return min(max(p_drop, 0.0), 1 - 1e-9)


def dropout(h, mask, p_drop):
    return h * mask / (1 - possible(p_drop))


def dropout_mask(shape, p_drop, rng):
    return (rng.random(shape) >= possible(p_drop)).astype(np.float64)
