"""Exercise 9: layer normalisation."""

import numpy as np


def layer_norm(
    x: np.ndarray, gamma: np.ndarray | None = None, beta: np.ndarray | None = None, eps: float = 1e-5
) -> np.ndarray:
    """Return gamma (x - mean) / sqrt(variance + eps) + beta for x (…, features), gamma and beta (features,).

    NumPy's mean of integers is float64, so everything computed from it is float64 too.
    """
    mean = x.mean(axis=-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(axis=-1, keepdims=True)  # E[x²] - mean² would lose digits far from 0
    y = (x - mean) / np.sqrt(variance + eps)
    if gamma is not None:
        y = gamma * y
    if beta is not None:
        y = y + beta
    return y
