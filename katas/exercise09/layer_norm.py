"""Exercise 9: layer normalisation."""

import numpy as np


def layer_norm(
    x: np.ndarray, gamma: np.ndarray | None = None, beta: np.ndarray | None = None, eps: float = 1e-5
) -> np.ndarray:
    """Layer normalisation gamma * (x - mean) / sqrt(variance + eps) + beta over the last axis.

    Arguments:
        x: shape (features,), (n, features), or more axes with the features last.
        gamma: factors, shape (features,); None is as good as ones.
        beta: summands, shape (features,); None is as good as zeros.
        eps: added to the variance, inside the root; 0 or more.

    Returns:
        An array of x's shape. Mean and variance are those of each row (all that lies along the last axis) by itself;
        the variance is the biased one, divided by features. float32 stays float32, float64 stays float64, integers
        count as float64. Rows may lie far from 0: near 1 000 000 and about 1 apart. No argument is modified.

    The same as torch.nn.functional.layer_norm(x, x.shape[-1:], gamma, beta, eps).
    Ba, Kiros and Hinton, Layer Normalization, 2016, https://arxiv.org/abs/1607.06450
    """
    raise NotImplementedError
