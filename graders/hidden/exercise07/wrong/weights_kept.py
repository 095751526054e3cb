# The weights are stored and returned again for the next layer of the same size; every call should draw new ones.
# task: generator
import math

kept = {}


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
    key = fan_in, fan_out, scheme
    if key not in kept:
        kept[key] = rng.normal(0, std, size=(fan_out, fan_in))
    return kept[key].copy()
