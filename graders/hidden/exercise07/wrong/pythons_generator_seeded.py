# Python's global generator is seeded from rng and used, but other code relies on it; use rng itself.
# task: generator
import math
import random

import numpy as np


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
    random.seed(int(rng.integers(2**62)))
    return np.array([[random.gauss(0, std) for _ in range(fan_in)] for _ in range(fan_out)])
