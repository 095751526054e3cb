# Samples in single precision, as deep-learning libraries draw them.
# core only
import numpy as np


def xavier_std(fan_in, fan_out):
    return (2 / (fan_in + fan_out)) ** 0.5


def he_std(fan_in):
    return (2 / fan_in) ** 0.5


def initialize(fan_in, fan_out, scheme, rng):
    assert scheme in ("xavier", "he")
    std = xavier_std(fan_in, fan_out) if scheme == "xavier" else he_std(fan_in)
    return rng.standard_normal((fan_out, fan_in), dtype=np.float32) * np.float32(std)
