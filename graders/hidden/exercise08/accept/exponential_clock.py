# 1 / (1 - p) from the odds of p, and an exponential waiting time instead of a coin.
# independent
"""h m / (1 - p) = h m (1 + p / (1 - p)), and a coin is an exponential clock: P(T > t) = exp(-t) = 1 - p."""

import numpy as np


def dropout(h, mask, p_drop):
    if not 0 <= p_drop < 1:
        raise ValueError(f"probability {p_drop} not in [0, 1)")
    odds = p_drop / (1 - p_drop)
    return np.where(mask, (1 + odds) * h, 0.0)


def dropout_mask(shape, p_drop, rng):
    if not 0 <= p_drop < 1:
        raise ValueError(f"probability {p_drop} not in [0, 1)")
    t = -np.log1p(-p_drop)
    return np.heaviside(rng.standard_exponential(shape) - t, 1.0)
