# The standard deviations are rounded to five decimals, as in the worked example; return all digits.
# task: scales
import math


def xavier_std(fan_in, fan_out):
    return round(math.sqrt(2 / (fan_in + fan_out)), 5)


def he_std(fan_in):
    return round(math.sqrt(2 / fan_in), 5)


def std_of(scheme, fan_in, fan_out):
    if scheme == "xavier":
        return xavier_std(fan_in, fan_out)
    if scheme == "he":
        return he_std(fan_in)
    raise ValueError(f"unknown scheme {scheme!r}")


def initialize(fan_in, fan_out, scheme, rng):
    std = std_of(scheme, fan_in, fan_out)
    return rng.normal(0, std, size=(fan_out, fan_in))
