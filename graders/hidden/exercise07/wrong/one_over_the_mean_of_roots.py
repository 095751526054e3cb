# xavier_std averages 1/sqrt(fan_in) and 1/sqrt(fan_out); average fan_in and fan_out instead.
# task: scales
import math


def xavier_std(fan_in, fan_out):
    return (1 / math.sqrt(fan_in) + 1 / math.sqrt(fan_out)) / 2


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
    return rng.normal(0, std, size=(fan_out, fan_in))
