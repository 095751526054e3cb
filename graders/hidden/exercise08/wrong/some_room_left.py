# p_drop may be slightly below 0 or slightly above 1; the bounds 0 <= p_drop < 1 should be exact.
# task: errors
import numpy as np


def check(p_drop):
    if not -1e-9 <= p_drop < 1 + 1e-9:
        raise ValueError(f"p_drop = {p_drop} is not in [0, 1)")


def dropout(h, mask, p_drop):
    check(p_drop)
    return h * mask / (1 - p_drop)


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    return (rng.random(shape) >= p_drop).astype(np.float64)
