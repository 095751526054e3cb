# A custom exception derived from ValueError, raised before anything else happens.
import numpy as np


class ProbabilityError(ValueError):
    pass


def check(p_drop):
    if p_drop < 0 or p_drop >= 1 or p_drop != p_drop:
        raise ProbabilityError("p_drop")


def dropout(h, mask, p_drop):
    check(p_drop)
    return np.einsum("...,...,->...", h, mask, 1 / (1 - p_drop)).astype(h.dtype if h.dtype == np.float32 else float)


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    return (rng.random(shape) >= p_drop).astype(np.float64)
