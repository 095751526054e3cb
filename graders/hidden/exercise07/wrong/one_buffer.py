# All calls for the same sizes write into the same array, so a new call changes earlier weights.
# task: generator
import math

import numpy as np

buffers = {}


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
    W = buffers.setdefault((fan_out, fan_in), np.empty((fan_out, fan_in)))
    W[...] = rng.normal(0, std, size=W.shape)
    return W
