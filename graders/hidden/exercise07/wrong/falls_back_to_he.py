# An unknown scheme is treated as "he"; it should raise a ValueError.
# task: errors
import math


def xavier_std(fan_in, fan_out):
    return math.sqrt(2 / (fan_in + fan_out))


def he_std(fan_in):
    return math.sqrt(2 / fan_in)


def std_of(scheme, fan_in, fan_out):
    return xavier_std(fan_in, fan_out) if scheme == "xavier" else he_std(fan_in)


def initialize(fan_in, fan_out, scheme, rng):
    std = std_of(scheme, fan_in, fan_out)
    return rng.normal(0, std, size=(fan_out, fan_in))
