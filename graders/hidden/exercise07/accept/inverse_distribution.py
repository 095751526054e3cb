# Uniform samples passed through the inverse of the distribution function.
import math
from statistics import NormalDist

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
    normal = NormalDist(0, std)
    return np.array([normal.inv_cdf(1 - u) for u in rng.random(fan_out * fan_in)]).reshape(fan_out, fan_in)
