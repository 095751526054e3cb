# Powers instead of square roots, 0-d arrays, and the scheme checked before anything is drawn.
import numpy as np


def xavier_std(fan_in, fan_out):
    return np.array(((fan_in + fan_out) / 2) ** -0.5)


def he_std(fan_in):
    return (fan_in / 2) ** -0.5


def initialize(fan_in, fan_out, scheme, rng):
    if scheme not in ["xavier", "he"]:
        raise ValueError("scheme must be 'xavier' or 'he'")
    variance = 2 / (fan_in + fan_out) if scheme == "xavier" else 2 / fan_in
    W = rng.standard_normal((fan_out, fan_in))
    W *= variance**0.5
    return W
