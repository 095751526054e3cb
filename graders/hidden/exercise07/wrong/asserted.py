# An unknown scheme fails an assertion; it should raise a ValueError, because assertions can be switched off.
# task: errors
import math


def xavier_std(fan_in, fan_out):
    return math.sqrt(2 / (fan_in + fan_out))


def he_std(fan_in):
    return math.sqrt(2 / fan_in)


def std_of(scheme, fan_in, fan_out):
    assert scheme in ("xavier", "he"), scheme
    return xavier_std(fan_in, fan_out) if scheme == "xavier" else he_std(fan_in)


def initialize(fan_in, fan_out, scheme, rng):
    std = std_of(scheme, fan_in, fan_out)
    return rng.normal(0, std, size=(fan_out, fan_in))
