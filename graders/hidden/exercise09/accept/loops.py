# Loops over the rows with Python floats, rounded to the promised dtype at the end.
# without: speed
import math

import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    rows = [normalised(row.tolist(), eps) for row in x.reshape(-1, x.shape[-1])]
    for row in rows:
        for k in range(len(row)):
            row[k] = row[k] * (1 if gamma is None else float(gamma[k])) + (0 if beta is None else float(beta[k]))
    return np.array(rows, dtype=floating(x).dtype).reshape(x.shape)


def normalised(row, eps):
    mean = sum(row) / len(row)
    deviation = math.sqrt(sum((number - mean) ** 2 for number in row) / len(row) + eps)
    return [(number - mean) / deviation for number in row]
