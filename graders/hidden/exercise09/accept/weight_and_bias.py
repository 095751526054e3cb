# Ones and zeros of the dtype of x as defaults.
# independent
"""Layer norm in the manner of nn.LayerNorm: weight and bias are always there."""

import numpy as np


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    if not np.issubdtype(x.dtype, np.floating):
        x = x.astype(np.float64)
    dim = x.shape[-1]
    weight = np.ones(dim, dtype=x.dtype) if gamma is None else gamma
    bias = np.zeros(dim, dtype=x.dtype) if beta is None else beta
    mu = x.mean(-1, keepdims=True)
    var = x.var(-1, ddof=0, keepdims=True)
    rstd = 1.0 / np.sqrt(var + eps)
    x_hat = (x - mu) * rstd
    return x_hat * weight + bias
