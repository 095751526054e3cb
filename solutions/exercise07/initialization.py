"""Exercise 7: initial weights."""

import math

import numpy as np


def xavier_std(fan_in: int, fan_out: int) -> float:
    """Between 1 / fan_in, which keeps the variance forwards, and 1 / fan_out, which keeps it backwards."""
    return math.sqrt(2 / (fan_in + fan_out))


def he_std(fan_in: int) -> float:
    """Variance 2 / fan_in: ReLU leaves half of the mean square, and the 2 makes up for it."""
    return math.sqrt(2 / fan_in)


def initialize(fan_in: int, fan_out: int, scheme: str, rng: np.random.Generator) -> np.ndarray:
    """Normal weights of mean 0, a row for each output."""
    if scheme == "xavier":
        std = xavier_std(fan_in, fan_out)
    elif scheme == "he":
        std = he_std(fan_in)
    else:
        raise ValueError(f"scheme {scheme!r} is neither 'xavier' nor 'he'")
    return rng.normal(0, std, size=(fan_out, fan_in))
