# An array from zeros_like(x), filled number by number.
# core only
import numpy as np


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    y = np.zeros_like(x)
    for index in np.ndindex(x.shape[:-1]):
        row = x[index]
        n = len(row)
        mean = sum(row) / n
        std = (sum((v - mean) ** 2 for v in row) / n + eps) ** 0.5
        for i in range(n):
            y[index][i] = (row[i] - mean) / std
            if gamma is not None:
                y[index][i] *= gamma[i]
            if beta is not None:
                y[index][i] += beta[i]
    return y
