# The Box-Muller transform, using both samples of each pair.
import math

import numpy as np


def xavier_std(fan_in, fan_out):
    return math.sqrt(2 / (fan_in + fan_out))


def he_std(fan_in):
    return math.sqrt(2 / fan_in)


def std_of(scheme, fan_in, fan_out):
    if scheme == "xavier":
        return xavier_std(fan_in, fan_out)
    if scheme == "he":
        return he_std(fan_in)
    raise ValueError(f"unknown scheme {scheme!r}")


def initialize(fan_in, fan_out, scheme, rng):
    std = std_of(scheme, fan_in, fan_out)
    count = fan_out * fan_in
    u, v = rng.random((2, (count + 1) // 2))
    r = std * np.sqrt(-2 * np.log1p(-u))
    pairs = np.stack([r * np.cos(2 * np.pi * v), r * np.sin(2 * np.pi * v)], axis=1)
    return pairs.ravel()[:count].reshape(fan_out, fan_in)
