# Only one letter of the scheme is checked.
# core only
import math


def xavier_std(fan_in, fan_out):
    return math.sqrt(2) / math.sqrt(fan_in + fan_out)


def he_std(fan_in):
    return math.sqrt(2) / math.sqrt(fan_in)


def initialize(fan_in, fan_out, scheme, rng):
    std = he_std(fan_in) if scheme[0] == "h" else xavier_std(fan_in, fan_out)
    return rng.normal(scale=std, size=(fan_out, fan_in))
