# The second half of the mask reuses the random numbers of the first (1 - u for u); draw each entry independently.
# task: mask
import numpy as np


def check(p_drop):
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop = {p_drop} is not in [0, 1)")


def dropout(h, mask, p_drop):
    check(p_drop)
    return h * mask / (1 - p_drop)


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    size = int(np.prod(shape))
    u = rng.random((size + 1) // 2)
    u = np.concatenate([u, 1 - u[::-1]])[:size]
    return (u >= p_drop).astype(np.float64).reshape(shape)
