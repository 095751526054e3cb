"""Exercise 9: layer normalisation."""

import numpy as np


def layer_norm(
    x: np.ndarray, gamma: np.ndarray | None = None, beta: np.ndarray | None = None, eps: float = 1e-5
) -> np.ndarray:
    """gamma (x - mean) / sqrt(variance + eps) + beta, last axis: x (…, features), gamma and beta (features,).

    NumPy's mean of integers is float64, and so is all that is computed with it.
    """
    mean = x.mean(axis=-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(axis=-1, keepdims=True)  # of the deviations: E[x²] - mean² would cancel
    y = (x - mean) / np.sqrt(variance + eps)
    if gamma is not None:
        y = gamma * y
    if beta is not None:
        y = y + beta
    return y
