"""Exercise 7: initial weights."""

import numpy as np


def xavier_std(fan_in: int, fan_out: int) -> float:
    """Return the standard deviation of Xavier initialisation; the variance is 1 over the mean of fan_in and fan_out.

    Arguments:
        fan_in: number of inputs of the layer, at least 1.
        fan_out: number of outputs of the layer, at least 1.

    Returns:
        A float.

    Source: Glorot and Bengio, 2010, equation 12. torch.nn.init.xavier_normal_ uses the same number.
    """
    raise NotImplementedError


def he_std(fan_in: int) -> float:
    """Return the standard deviation of He initialisation, which keeps a signal's size through a layer and its ReLU.

    Arguments:
        fan_in: number of inputs of the layer, at least 1.

    Returns:
        A float.

    Source: He et al., 2015, equation 10. torch.nn.init.kaiming_normal_ uses the same number by default.
    """
    raise NotImplementedError


def initialize(fan_in: int, fan_out: int, scheme: str, rng: np.random.Generator) -> np.ndarray:
    """Return random weights for one layer: independent samples of a normal distribution with mean 0.

    Its standard deviation is xavier_std(fan_in, fan_out) or he_std(fan_in), depending on the scheme.

    Arguments:
        fan_in: number of inputs of the layer, at least 1.
        fan_out: number of outputs of the layer, at least 1.
        scheme: "xavier" or "he".
        rng: the only source of randomness. Don't use or seed the global generators of NumPy and Python.

    Returns:
        A float array of shape (fan_out, fan_in). Two generators with the same seed give the same weights; the next call
        with the same generator gives different weights.

    Raises:
        ValueError: for any other scheme (an extra).
    """
    raise NotImplementedError
