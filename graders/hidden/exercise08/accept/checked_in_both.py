# A one-line check in each function.
# independent
"""Exercise 8: inverted dropout."""

import numpy as np


def dropout(h, mask, p_drop):
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop must be in [0, 1), got {p_drop}")
    return h * mask / (1 - p_drop)


def dropout_mask(shape, p_drop, rng):
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop must be in [0, 1), got {p_drop}")
    return (rng.random(shape) >= p_drop).astype(np.float64)
