# The weights follow a triangular distribution, with the right standard deviation, instead of the normal one.
# task: weights
import math


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
    bound = math.sqrt(6) * std
    return rng.triangular(-bound, 0, bound, size=(fan_out, fan_in))
