# For integer arrays, the factor 1 / (1 - p) is truncated to an integer; compute in float64.
# task: types
import numpy as np


def check(p_drop):
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop = {p_drop} is not in [0, 1)")


def dropout(h, mask, p_drop):
    check(p_drop)
    factor = np.asarray(1 / (1 - p_drop)).astype(h.dtype)
    return h * mask * factor if h.dtype.kind == "f" else (h * mask * factor).astype(np.float64)


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    return (rng.random(shape) >= p_drop).astype(np.float64)
