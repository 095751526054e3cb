# NumPy's global generator is seeded from rng and used, but other code relies on it; use rng itself.
# task: generator
import numpy as np


def check(p_drop):
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop = {p_drop} is not in [0, 1)")


def dropout(h, mask, p_drop):
    check(p_drop)
    return h * mask / (1 - p_drop)


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    np.random.seed(rng.integers(2**32))
    return (np.random.random(shape) >= p_drop).astype(np.float64)
