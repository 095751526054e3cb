# A divisor of the dtype of h; 53 random bits compared with the threshold.
import numpy as np


def check(p_drop):
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop = {p_drop} is not in [0, 1)")


def dropout(h, mask, p_drop):
    check(p_drop)
    keep = np.subtract(1, p_drop, dtype=h.dtype if h.dtype == np.float32 else np.float64)
    return np.divide(np.multiply(h, mask), keep, dtype=h.dtype if h.dtype == np.float32 else np.float64)


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    return np.float64(rng.integers(2**53, size=shape) >= p_drop * 2.0**53)
