# p_drop = 1 drops everything, as in PyTorch; here it should raise a ValueError.
# task: errors
import numpy as np


def check(p_drop):
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop = {p_drop} is not in [0, 1)")


def dropout(h, mask, p_drop):
    if p_drop == 1:
        return np.zeros(h.shape)
    check(p_drop)
    return h * mask / (1 - p_drop)


def dropout_mask(shape, p_drop, rng):
    if p_drop == 1:
        return np.zeros(shape)
    check(p_drop)
    return (rng.random(shape) >= p_drop).astype(np.float64)
