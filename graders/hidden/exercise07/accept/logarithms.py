# Logarithms instead of square roots, and the Box-Muller transform.
# independent
"""Normal numbers by Box and Muller, for the fun of it."""

import numpy as np


def xavier_std(fan_in, fan_out):
    return np.exp(0.5 * (np.log(2) - np.log(fan_in + fan_out)))


def he_std(fan_in):
    return xavier_std(0, fan_in)


def initialize(fan_in, fan_out, scheme, rng):
    if scheme == "xavier":
        sigma = xavier_std(fan_in, fan_out)
    elif scheme == "he":
        sigma = he_std(fan_in)
    else:
        raise ValueError("unknown scheme " + repr(scheme))
    u = 1 - rng.random((fan_out, fan_in))  # in (0, 1]
    v = rng.random((fan_out, fan_in))
    return sigma * np.sqrt(-2 * np.log(u)) * np.cos(2 * np.pi * v)
