# The derivative was written into z itself, so the caller's array has changed.
# task: inputs
import numpy as np


def floating(a):
    return a if a.dtype in (np.float32, np.float64) else a.astype(np.float64)


def relu(z):
    return np.maximum(floating(z), 0)


def relu_derivative(z):
    z = floating(z)
    positive = z > 0
    z[positive] = 1
    z[~positive] = 0
    return z
