# The result is scaled to have the sum of h; divide by 1 - p instead, so that the sum is right on average.
# task: dropout
import numpy as np


def check(p_drop):
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop = {p_drop} is not in [0, 1)")


def dropout(h, mask, p_drop):
    check(p_drop)
    kept = h * mask
    total = kept.sum()
    return kept * (h.sum() / total) if total else kept * 1.0


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    return (rng.random(shape) >= p_drop).astype(np.float64)
