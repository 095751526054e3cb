# All calls for the same shape write into the same array, so a new call changes earlier results.
# task: inputs
import numpy as np

buffers = {}


def check(p_drop):
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop = {p_drop} is not in [0, 1)")


def dropout(h, mask, p_drop):
    check(p_drop)
    dtype = h.dtype if h.dtype == np.float32 else np.float64
    out = buffers.setdefault((h.shape, dtype), np.empty(h.shape, dtype))
    out[...] = h * mask / (1 - p_drop)
    return out


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    return (rng.random(shape) >= p_drop).astype(np.float64)
