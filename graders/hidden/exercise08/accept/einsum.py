# einsum for the product; uniform numbers compared with 1 - p.
# independent
import numpy as np


def _checked(p):
    if 0 <= p < 1:
        return p
    raise ValueError(f"p_drop = {p} is not in [0, 1)")


def dropout(h, mask, p_drop):
    return np.divide(np.einsum("...,...->...", h, mask), 1 - _checked(p_drop))


def dropout_mask(shape, p_drop, rng):
    return np.less(rng.uniform(size=shape), 1 - _checked(p_drop)).astype(float)
