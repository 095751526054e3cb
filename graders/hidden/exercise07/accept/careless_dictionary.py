# A dictionary of standard deviations; an unknown scheme raises a KeyError.
# core only
import numpy as np


def xavier_std(fan_in, fan_out):
    return np.sqrt(2 / (fan_in + fan_out))


def he_std(fan_in):
    return np.sqrt(2 / fan_in)


def initialize(fan_in, fan_out, scheme, rng):
    std = {"xavier": xavier_std(fan_in, fan_out), "he": he_std(fan_in)}[scheme]
    return rng.standard_normal((fan_out, fan_in)) * std
