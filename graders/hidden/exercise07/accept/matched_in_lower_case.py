# A match statement on the lower-case name; the transpose of a (fan_in, fan_out) array.
# independent
"""Schemes in any case."""

from math import sqrt


def xavier_std(fan_in, fan_out):
    mean_fan = (fan_in + fan_out) / 2
    return 1 / sqrt(mean_fan)


def he_std(fan_in):
    return sqrt(2) / sqrt(fan_in)


def initialize(fan_in, fan_out, scheme, rng):
    match str(scheme).lower():
        case "xavier":
            sigma = xavier_std(fan_in, fan_out)
        case "he":
            sigma = he_std(fan_in)
        case _:
            raise ValueError(f"'{scheme}' is not a scheme; use 'xavier' or 'he'")
    # rows of W belong to outputs: sample (in, out) and transpose
    return rng.normal(scale=sigma, size=(fan_in, fan_out)).T
