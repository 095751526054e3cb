# Every call uses the generator from the very first call; use the one that is passed to this call.
# task: generator
import numpy as np

generators = []


def check(p_drop):
    if not 0 <= p_drop < 1:
        raise ValueError(f"p_drop = {p_drop} is not in [0, 1)")


def dropout(h, mask, p_drop):
    check(p_drop)
    return h * mask / (1 - p_drop)


def dropout_mask(shape, p_drop, rng):
    check(p_drop)
    generators.append(rng)
    return (generators[0].random(shape) >= p_drop).astype(np.float64)
