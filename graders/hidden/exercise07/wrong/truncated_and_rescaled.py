# Weights beyond two standard deviations are drawn again and the rest is rescaled, so the tails are missing.
# task: weights
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
    z = rng.standard_normal((fan_out, fan_in))
    while (far := np.abs(z) > 2).any():
        z[far] = rng.standard_normal(far.sum())
    return std / 0.87962566103423978 * z
