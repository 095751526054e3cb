# Dropped entries set to 0 in a copy; rng.choice with probabilities.
import numpy as np


def check(p_drop):
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop = {p_drop} is not in [0, 1)")


def dropout(h, mask, p_drop):
    check(p_drop)
    out = h.astype(h.dtype if h.dtype == np.float32 else np.float64)
    out[mask == 0] = 0
    out /= 1 - p_drop
    return out


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    return rng.choice([0.0, 1.0], size=shape, p=[p_drop, 1 - p_drop])
