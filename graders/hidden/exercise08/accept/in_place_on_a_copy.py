# A copy of h, changed in place through a boolean index.
# independent
import numpy as np


def validate(p):
    if not 0 <= p < 1:
        raise ValueError(f"p_drop={p} must lie in the half-open interval [0, 1)")


def dropout(h, mask, p_drop):
    validate(p_drop)
    out = h.copy()
    if out.dtype.kind != "f":
        out = out.astype(np.float64)
    out[mask == 0] = 0
    out /= 1 - p_drop
    return out


def dropout_mask(shape, p_drop, rng):
    validate(p_drop)
    mask = np.zeros(shape)
    mask[rng.random(shape) >= p_drop] = 1
    return mask
