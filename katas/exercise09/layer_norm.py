"""Exercise 9: layer normalisation."""

import numpy as np


def layer_norm(
    x: np.ndarray, gamma: np.ndarray | None = None, beta: np.ndarray | None = None, eps: float = 1e-5
) -> np.ndarray:
    """Give each row of x the mean 0 and the variance 1, up to eps; then multiply it by gamma, and add beta.

    Arguments:
        x: shape (features,), (samples, features), or more axes with the features last.
        gamma: scales, shape (features,). None means all 1.
        beta: shifts, shape (features,). None means all 0.
        eps: added to the variance, inside the root; 0 or more.

    Returns:
        An array with the shape of x. Every row (rows run along the last axis) has its own mean and variance; the
        variance is the sum of the squared differences divided by the number of features. Extras: rows near
        ±1 000 000 whose features are about 1 apart are normalised accurately too; float32 stays float32, and int64
        gives float64; the call changes neither its arguments nor an earlier result; a batch is computed at once, not in
        a Python loop over its rows.

    torch.nn.functional.layer_norm(x, x.shape[-1:], gamma, beta, eps) computes the same array.
    Source: Ba, Kiros and Hinton, Layer Normalization, 2016, https://arxiv.org/abs/1607.06450
    """
    raise NotImplementedError
