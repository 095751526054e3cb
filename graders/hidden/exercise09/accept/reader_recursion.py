# Recursion over the axes and lists of numbers; the mean of the squares minus the square of the mean.
# independent
import numpy as np
import math


def layer_norm(x, gamma=None, beta=None, eps=1e-5):
    if x.ndim > 1:
        return np.array([layer_norm(row, gamma, beta, eps) for row in x])
    n = len(x)
    mean = sum(x) / n
    var = sum(v**2 for v in x) / n - mean**2
    y = []
    for i in range(n):
        value = (x[i] - mean) / math.sqrt(var + eps)
        if gamma is not None:
            value = value * gamma[i]
        if beta is not None:
            value = value + beta[i]
        y.append(value)
    return np.array(y)
