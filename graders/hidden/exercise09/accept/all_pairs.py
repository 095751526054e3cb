# Mean and variance from the differences of all pairs.
# independent
"""Everything from differences of pairs: x_i - mean = mean_j (x_i - x_j), variance = 1/2 mean_ij (x_i - x_j)^2."""

import numpy as np


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    if x.dtype.kind != "f":
        x = x.astype(np.float64)
    D = x[..., :, None] - x[..., None, :]
    centred = D.mean(axis=-1)
    variance = (D**2).mean(axis=(-1, -2)) / 2
    y = centred / np.sqrt(variance + eps)[..., None]
    if gamma is not None:
        y = y * gamma
    return y if beta is None else y + beta
