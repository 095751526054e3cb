"""Exercise 7: initial weights."""

import numpy as np


def xavier_std(fan_in: int, fan_out: int) -> float:
    """Standard deviation sqrt(2 / (fan_in + fan_out)) of Xavier's initial weights.

    Arguments:
        fan_in: number of inputs of the layer, at least 1.
        fan_out: number of its outputs, at least 1.

    Returns:
        A float, in double precision.

    Source: Glorot and Bengio, 2010, equation 12; the same as torch.nn.init.xavier_normal_ draws with.
    """
    raise NotImplementedError


def he_std(fan_in: int) -> float:
    """Standard deviation sqrt(2 / fan_in) of He's initial weights, for layers that ReLU follows.

    Arguments:
        fan_in: number of inputs of the layer, at least 1.

    Returns:
        A float, in double precision.

    Source: He et al., 2015, equation 10; the same as torch.nn.init.kaiming_normal_ draws with by default.
    """
    raise NotImplementedError


def initialize(fan_in: int, fan_out: int, scheme: str, rng: np.random.Generator) -> np.ndarray:
    """Weights of an affine layer: independent samples of the normal distribution of mean 0 and the scheme's deviation.

    Arguments:
        fan_in: number of inputs of the layer, at least 1.
        fan_out: number of its outputs, at least 1.
        scheme: "xavier" or "he".
        rng: the only source of randomness. Generators in equal states give equal weights; the next call with the same
            generator gives others. NumPy's and Python's global generators are neither used nor changed.

    Returns:
        A new array of shape (fan_out, fan_in) and dtype float64.

    Raises:
        ValueError: with a message, for any other scheme: "he " with a space at its end is another, and so is None.
    """
    raise NotImplementedError
