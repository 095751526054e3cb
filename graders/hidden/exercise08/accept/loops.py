# Loops over the entries.
import numpy as np


def check(p_drop):
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop = {p_drop} is not in [0, 1)")


def dropout(h, mask, p_drop):
    check(p_drop)
    out = np.zeros(h.shape, dtype=h.dtype if h.dtype == np.float32 else np.float64)
    for index in np.ndindex(h.shape):
        if mask[index]:
            out[index] = h[index] / (1 - p_drop)
    return out


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    mask = np.empty(shape)
    for index in np.ndindex(mask.shape):
        mask[index] = 0.0 if rng.random() < p_drop else 1.0
    return mask
