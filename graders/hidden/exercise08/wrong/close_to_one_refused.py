# A p_drop close to 1 raises an error; every p below 1 is valid.
# task: dropout
import numpy as np


def check(p_drop):
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop = {p_drop} is not in [0, 1)")


def dropout(h, mask, p_drop):
    check(p_drop)
    if p_drop > 0.999:
        raise ValueError("p_drop is too close to 1")
    return h * mask / (1 - p_drop)


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    return (rng.random(shape) >= p_drop).astype(np.float64)
