# A list of rows, converted to an array.
# independent
import numpy as np


def xavier_std(fan_in, fan_out):
    return np.sqrt(2) / np.sqrt(fan_in + fan_out)


def he_std(fan_in):
    return np.power(fan_in / 2, -0.5)


def initialize(fan_in, fan_out, scheme, rng):
    stds = {"xavier": xavier_std(fan_in, fan_out), "he": he_std(fan_in)}
    std = stds.get(scheme)
    if std is None:
        raise ValueError(f"scheme {scheme!r} unknown, choose from {list(stds)}")
    # one row per output; fan_in independent weights in each
    return np.array([rng.normal(0, std, fan_in) for _ in range(fan_out)])
