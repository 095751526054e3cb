# The square root leaves out the 2 in the numerator; take the square root of the whole quotient.
# task: scales
import math


def xavier_std(fan_in, fan_out):
    return 2 / math.sqrt(fan_in + fan_out)


def he_std(fan_in):
    return 2 / math.sqrt(fan_in)


def std_of(scheme, fan_in, fan_out):
    if scheme == "xavier":
        return xavier_std(fan_in, fan_out)
    if scheme == "he":
        return he_std(fan_in)
    raise ValueError(f"unknown scheme {scheme!r}")


def initialize(fan_in, fan_out, scheme, rng):
    std = std_of(scheme, fan_in, fan_out)
    return rng.normal(0, std, size=(fan_out, fan_in))
