# A default for every argument, and the Box-Muller transform.
# independent
import numpy as np


def xavier_std(fan_in=1, fan_out=1):
    return float(np.sqrt(2) / np.sqrt(fan_in + fan_out))


def he_std(fan_in=1):
    return float(np.sqrt(2) / np.sqrt(fan_in))


def initialize(fan_in=1, fan_out=1, scheme="he", rng=np.random.default_rng(42)):
    scheme = scheme.lower()
    if scheme == "xavier":
        std = xavier_std(fan_in, fan_out)
    elif scheme == "he":
        std = he_std(fan_in)
    else:
        raise ValueError("unknown scheme: " + scheme)
    u1 = rng.random((fan_out, fan_in))
    u2 = rng.random((fan_out, fan_in))
    z = np.sqrt(-2 * np.log(u1)) * np.cos(2 * np.pi * u2)
    return std * z
