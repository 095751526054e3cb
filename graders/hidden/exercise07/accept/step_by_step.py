# One small step at a time, with an if for each scheme.
# independent
import numpy as np


def xavier_std(fan_in, fan_out):
    variance = 2 / (fan_in + fan_out)
    std = np.sqrt(variance)
    return std


def he_std(fan_in):
    variance = 2 / fan_in
    std = np.sqrt(variance)
    return std


def initialize(fan_in, fan_out, scheme, rng):
    if scheme != "xavier" and scheme != "he":
        raise ValueError("The scheme has to be xavier or he")
    W = rng.standard_normal((fan_out, fan_in))
    if scheme == "xavier":
        W = W * xavier_std(fan_in, fan_out)
    if scheme == "he":
        W = W * he_std(fan_in)
    return W
