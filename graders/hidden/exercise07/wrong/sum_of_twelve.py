# Each weight is a sum of twelve uniform numbers, which is only roughly normal: its tails are too light.
# task: weights
# hidden_only: needs a few hundred thousand weights to be noticed
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
    return std * (sum(rng.random((fan_out, fan_in)) for _ in range(12)) - 6)
