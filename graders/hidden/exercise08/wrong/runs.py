# An entry often repeats the one before it; draw each entry independently.
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
    u = rng.random(size)
    u[1::2] = np.where(rng.random(size // 2) < 0.5, u[: 2 * (size // 2) : 2], u[1::2])
    return (u >= p_drop).astype(np.float64).reshape(shape)
