# An array of zeros that two loops fill.
# independent
import math

import numpy as np


def xavier_std(fan_in, fan_out):
    return math.sqrt(2 / (fan_in + fan_out))


def he_std(fan_in):
    return math.sqrt(2 / fan_in)


def initialize(fan_in, fan_out, scheme, rng):
    if scheme == "xavier":
        std = xavier_std(fan_in, fan_out)
    elif scheme == "he":
        std = he_std(fan_in)
    else:
        raise ValueError("scheme must be 'xavier' or 'he'")
    W = np.zeros((fan_out, fan_in))
    for i in range(fan_out):
        for j in range(fan_in):
            W[i, j] = rng.normal(0, std)
    return W
