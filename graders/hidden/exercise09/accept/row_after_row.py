# Three loops with Python floats.
# independent
import math

import numpy as np


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    n = x.shape[-1]
    rows = x.reshape(-1, n)
    dtype = np.float32 if x.dtype == np.float32 else np.float64
    result = np.zeros(rows.shape, dtype=dtype)
    for r in range(rows.shape[0]):
        mean = 0.0
        for i in range(n):
            mean += float(rows[r, i])
        mean /= n
        variance = 0.0
        for i in range(n):
            variance += (float(rows[r, i]) - mean) ** 2
        variance /= n
        root = math.sqrt(variance + eps)
        for i in range(n):
            value = (float(rows[r, i]) - mean) / root
            if gamma is not None:
                value = value * gamma[i]
            if beta is not None:
                value = value + beta[i]
            result[r, i] = value
    return result.reshape(x.shape)
