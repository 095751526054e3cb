# Only the diagonal is random and all other weights are 0; every weight should be drawn.
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
    W = np.zeros((fan_out, fan_in))
    np.fill_diagonal(W, rng.normal(0, std, size=min(fan_out, fan_in)))
    return W
