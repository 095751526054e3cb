# Layers with more than 256 inputs get uniform weights; the weights should be normally distributed.
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
    if fan_in > 256:
        return rng.uniform(-math.sqrt(3) * std, math.sqrt(3) * std, size=(fan_out, fan_in))
    return rng.normal(0, std, size=(fan_out, fan_in))
