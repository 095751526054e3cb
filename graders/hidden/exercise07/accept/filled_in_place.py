# An empty array that is filled in place, as in PyTorch.
# independent
import math

import numpy as np


def _xavier_normal_(tensor, rng, gain=1.0):
    fan_out, fan_in = tensor.shape
    tensor[...] = rng.normal(0.0, gain * xavier_std(fan_in, fan_out), tensor.shape)
    return tensor


def _kaiming_normal_(tensor, rng):
    fan_out, fan_in = tensor.shape
    tensor[...] = rng.normal(0.0, he_std(fan_in), tensor.shape)
    return tensor


def xavier_std(fan_in, fan_out):
    gain = 1.0
    return gain * math.sqrt(2.0 / float(fan_in + fan_out))


def he_std(fan_in):
    gain = math.sqrt(2.0)
    return gain / math.sqrt(fan_in)


def initialize(fan_in, fan_out, scheme, rng):
    weight = np.empty((fan_out, fan_in))
    if scheme == "xavier":
        return _xavier_normal_(weight, rng)
    if scheme == "he":
        return _kaiming_normal_(weight, rng)
    raise ValueError(f"Unsupported initialization scheme {scheme!r}")
