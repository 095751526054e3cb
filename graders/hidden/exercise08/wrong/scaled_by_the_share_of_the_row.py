# Each row is divided by the share of ones in its mask; divide by 1 - p, whatever the mask.
# task: dropout
import numpy as np


def check(p_drop):
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop = {p_drop} is not in [0, 1)")


def dropout(h, mask, p_drop):
    check(p_drop)
    share = np.maximum(mask.mean(axis=-1, keepdims=True), 1e-9)
    return (h * mask / share).astype(h.dtype if h.dtype == np.float32 else np.float64)


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    return (rng.random(shape) >= p_drop).astype(np.float64)
