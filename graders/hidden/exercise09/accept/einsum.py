# einsum for the variance and for the division.
# independent
import numpy as np


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    n = x.shape[-1]
    d = x - x.mean(-1)[..., None]
    var = np.einsum("...i,...i->...", d, d) / n
    y = np.einsum("...i,...->...i", d, 1 / np.sqrt(var + eps))
    return y * (1 if gamma is None else gamma) + (0 if beta is None else beta)
