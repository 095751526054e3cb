# The mask compared with 1; booleans times 1.0.
# independent
import numpy as np


def dropout(h, mask, p_drop):
    if not 0 <= p_drop < 1:
        raise ValueError("p_drop not in [0, 1)")
    return (mask == 1) * h / (1 - p_drop)


def dropout_mask(shape, p_drop, rng):
    if not 0 <= p_drop < 1:
        raise ValueError("p_drop not in [0, 1)")
    return 1.0 * (rng.random(shape) >= p_drop)
