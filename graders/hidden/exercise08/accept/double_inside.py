# Computed in float64 and then cast; a float32 mask.
import numpy as np


def check(p_drop):
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop = {p_drop} is not in [0, 1)")


def dropout(h, mask, p_drop):
    check(p_drop)
    out = h.astype(np.float64) * mask.astype(np.float64) / (1.0 - p_drop)
    return out.astype(h.dtype if h.dtype == np.float32 else np.float64)


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    return (rng.random(shape) > p_drop).astype(np.float32) if p_drop else np.ones(shape, np.float32)
