# Weights beyond four standard deviations are clipped, which cuts off the tails of the normal distribution.
# task: weights
# hidden_only: needs a few hundred thousand weights to be noticed
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
    return np.clip(rng.normal(0, std, size=(fan_out, fan_in)), -4 * std, 4 * std)
