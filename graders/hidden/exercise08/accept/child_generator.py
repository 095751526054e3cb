# h scaled first; a child generator, and the axes in the opposite order.
import numpy as np


def check(p_drop):
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop = {p_drop} is not in [0, 1)")


def dropout(h, mask, p_drop):
    check(p_drop)
    return (h / (1 - p_drop)) * mask


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    child = np.random.default_rng(rng.integers(2**63, size=4))
    shape = (shape,) if isinstance(shape, int) else tuple(shape)
    return (child.random(shape[::-1]) >= p_drop).astype(np.float64).T
