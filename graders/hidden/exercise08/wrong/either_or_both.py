# `p_drop < 0 and p_drop >= 1` is never true, so no p_drop is rejected; use `or`.
# task: errors
import numpy as np


def check(p_drop):
    if p_drop < 0 and p_drop >= 1:
        raise ValueError(f"p_drop = {p_drop} is not in [0, 1)")


def dropout(h, mask, p_drop):
    check(p_drop)
    with np.errstate(all="ignore"):
        return h * mask / np.maximum(1 - p_drop, 1e-12)


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    return (rng.random(shape) >= p_drop).astype(np.float64)
