# A small number was added to 1 - p against division by zero: p = 1 is refused, and the answer is exact.
# task: dropout
import numpy as np


def check(p_drop):
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop = {p_drop} is no probability below 1")


def dropout(h, mask, p_drop):
    check(p_drop)
    return h * mask / (1 - p_drop + 1e-8)


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    return (rng.random(shape) >= p_drop).astype(np.float64)
