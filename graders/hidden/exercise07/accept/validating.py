# Every argument is validated first.
# independent
"""Exercise 7: initial weights."""

import numpy as np


def _check_fan(name: str, value: int) -> None:
    if value < 1:
        raise ValueError(f"{name} must be at least 1, not {value}")


def xavier_std(fan_in: int, fan_out: int) -> float:
    _check_fan("fan_in", fan_in)
    _check_fan("fan_out", fan_out)
    return float(np.sqrt(np.divide(2.0, fan_in + fan_out)))


def he_std(fan_in: int) -> float:
    _check_fan("fan_in", fan_in)
    return float(np.sqrt(np.divide(2.0, fan_in)))


def initialize(fan_in: int, fan_out: int, scheme: str, rng: np.random.Generator) -> np.ndarray:
    if not isinstance(rng, np.random.Generator):
        raise TypeError("rng must be a numpy.random.Generator")
    if not isinstance(scheme, str):
        raise ValueError(f"the scheme must be a string, not {type(scheme).__name__}")
    if scheme not in ("xavier", "he"):
        raise ValueError(f"scheme {scheme!r} is neither 'xavier' nor 'he'")
    std = xavier_std(fan_in, fan_out) if scheme == "xavier" else he_std(fan_in)
    W = rng.standard_normal(size=(fan_out, fan_in), dtype=np.float64)
    W *= std
    return W
