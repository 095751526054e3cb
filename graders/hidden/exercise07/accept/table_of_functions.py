# A table of functions, looked up by name.
# independent
import numpy as np

_gain = {
    "xavier": lambda n, m: xavier_std(n, m),
    "he": lambda n, m: he_std(n),
}


def xavier_std(fan_in: int, fan_out: int) -> float:
    return float(np.sqrt(2.0 / (fan_in + fan_out)))


def he_std(fan_in: int) -> float:
    return float(np.sqrt(2.0 / fan_in))


def initialize(fan_in, fan_out, scheme, rng):
    try:
        std = _gain[scheme](fan_in, fan_out)
    except KeyError:
        raise ValueError(f"no such scheme: {scheme}") from None
    return std * rng.standard_normal((fan_out, fan_in))
