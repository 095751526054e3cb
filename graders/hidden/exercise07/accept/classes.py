# A class for each scheme.
# independent
import numpy as np


class Initializer:
    def __init__(self, rng):
        self.rng = rng

    def std(self, fan_in, fan_out):
        raise NotImplementedError

    def __call__(self, fan_in, fan_out):
        return self.rng.normal(loc=0.0, scale=self.std(fan_in, fan_out), size=(fan_out, fan_in))


class Xavier(Initializer):
    def std(self, fan_in, fan_out):
        return xavier_std(fan_in, fan_out)


class He(Initializer):
    def std(self, fan_in, fan_out):
        return he_std(fan_in)


SCHEMES = {"xavier": Xavier, "he": He}


def xavier_std(fan_in, fan_out):
    return np.sqrt(2 / (fan_in + fan_out))


def he_std(fan_in):
    return np.sqrt(2 / fan_in)


def initialize(fan_in, fan_out, scheme, rng):
    if scheme not in SCHEMES:
        raise ValueError(f"scheme must be one of {sorted(SCHEMES)}, not {scheme!r}")
    return SCHEMES[scheme](rng)(fan_in, fan_out)
