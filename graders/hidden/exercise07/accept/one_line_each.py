# One line per function, with powers instead of square roots.
# independent
"""Exercise 7: initial weights."""

import numpy as np


def xavier_std(fan_in, fan_out):
    return (2 / (fan_in + fan_out)) ** 0.5


def he_std(fan_in):
    return (2 / fan_in) ** 0.5


def initialize(fan_in, fan_out, scheme, rng):
    if scheme == "xavier":
        std = xavier_std(fan_in, fan_out)
    elif scheme == "he":
        std = he_std(fan_in)
    else:
        raise ValueError(f"unknown scheme: {scheme!r}")
    return rng.normal(0, std, (fan_out, fan_in))
