# An invalid p_drop fails an assertion; it should raise a ValueError, because assertions can be switched off.
# task: errors
import numpy as np


def check(p_drop):
    assert 0 <= p_drop < 1, p_drop


def dropout(h, mask, p_drop):
    check(p_drop)
    return h * mask / (1 - p_drop)


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    return (rng.random(shape) >= p_drop).astype(np.float64)
