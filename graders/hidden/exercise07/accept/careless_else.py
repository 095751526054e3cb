# Any scheme except "he" is taken for "xavier".
# core only
import numpy as np


def xavier_std(fan_in, fan_out):
    return np.sqrt(2 / (fan_in + fan_out))


def he_std(fan_in):
    return np.sqrt(2 / fan_in)


def initialize(fan_in, fan_out, scheme, rng):
    if scheme == "he":
        return rng.normal(0, he_std(fan_in), (fan_out, fan_in))
    return rng.normal(0, xavier_std(fan_in, fan_out), (fan_out, fan_in))
