# The formulas repeated inside initialize, without an else.
# core only
import numpy as np


def xavier_std(fan_in, fan_out):
    return np.sqrt(2.0 / (fan_in + fan_out))


def he_std(fan_in):
    return np.sqrt(2.0 / fan_in)


def initialize(fan_in, fan_out, scheme, rng):
    W = rng.normal(size=(fan_out, fan_in))
    if scheme == "xavier":
        W *= np.sqrt(2.0 / (fan_in + fan_out))
    if scheme == "he":
        W *= np.sqrt(2.0 / fan_in)
    return W
