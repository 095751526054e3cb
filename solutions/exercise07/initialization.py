"""Exercise 7: initial weights."""

import math

import numpy as np


def xavier_std(fan_in: int, fan_out: int) -> float:
    """Compromise between a variance of 1 / fan_in, which preserves the signal, and 1 / fan_out, for the gradient."""
    return math.sqrt(2 / (fan_in + fan_out))


def he_std(fan_in: int) -> float:
    """Use a variance of 2 / fan_in: ReLU halves the mean square, and the 2 makes up for it."""
    return math.sqrt(2 / fan_in)


def initialize(fan_in: int, fan_out: int, scheme: str, rng: np.random.Generator) -> np.ndarray:
    """Draw normal weights with mean 0, one row for each output."""
    if scheme == "xavier":
        std = xavier_std(fan_in, fan_out)
    elif scheme == "he":
        std = he_std(fan_in)
    else:
        raise ValueError(f"unknown scheme {scheme!r}: use 'xavier' or 'he'")
    return rng.normal(0, std, size=(fan_out, fan_in))
