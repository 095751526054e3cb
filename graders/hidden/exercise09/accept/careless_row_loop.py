# A loop over flattened rows that fills an array of float64 zeros.
# core only
import numpy as np


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    rows = x.reshape(-1, x.shape[-1])
    out = np.zeros(rows.shape)
    for k, row in enumerate(rows):
        out[k] = (row - np.mean(row)) / np.sqrt(np.var(row) + eps)
        if gamma is not None:
            out[k] = out[k] * gamma
        if beta is not None:
            out[k] = out[k] + beta
    return out.reshape(x.shape)
