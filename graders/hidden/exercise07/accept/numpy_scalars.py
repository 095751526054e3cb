# NumPy scalars and a table of functions; capital letters are accepted.
import numpy as np


def xavier_std(fan_in, fan_out):
    return np.sqrt(2.0 / np.add(fan_in, fan_out))


def he_std(fan_in):
    return np.sqrt(2.0) / np.sqrt(fan_in)


SCHEMES = {"xavier": xavier_std, "he": lambda fan_in, fan_out: he_std(fan_in)}


def initialize(fan_in, fan_out, scheme, rng):
    try:
        std = SCHEMES[str(scheme).lower()](fan_in, fan_out)
    except KeyError:
        raise ValueError(f"{scheme}?") from None
    return rng.normal(np.zeros((fan_out, fan_in)), std)
